package cxf;

import java.util.HashMap;
import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import org.apache.cxf.rt.security.SecurityConstants;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.WSPasswordCallback;
import org.apache.wss4j.dom.handler.WSHandlerConstants;

/** What CXF must know beyond a WSDL: the keys of either side, and the one user. */
final class WsdlSide {
    private final Keys keys;
    private final String user;
    private final String password;

    WsdlSide(Keys keys, String user, String password) {
        this.keys = keys;
        this.user = user;
        this.password = password;
    }

    Map<String, Object> service() throws Exception {
        Map<String, Object> settings = common("service", "client");
        settings.put(SecurityConstants.ENCRYPT_USERNAME, WSHandlerConstants.USE_REQ_SIG_CERT);
        return settings;
    }

    Map<String, Object> client() throws Exception {
        Map<String, Object> settings = common("client", "service");
        settings.put(SecurityConstants.ENCRYPT_USERNAME, "service");
        settings.put(SecurityConstants.USERNAME, user);
        settings.put(SecurityConstants.PASSWORD, password);
        return settings;
    }

    private Map<String, Object> common(String own, String peer) throws Exception {
        Merlin crypto = new Merlin();
        java.security.KeyStore store = keys.keyStore(own);
        store.setCertificateEntry(peer, keys.onlyTrusting(peer).getCertificate(peer));
        crypto.setKeyStore(store);
        crypto.setTrustStore(keys.trustStore("ca"));
        Map<String, Object> settings = new HashMap<>();
        settings.put(SecurityConstants.SIGNATURE_CRYPTO, crypto);
        settings.put(SecurityConstants.ENCRYPT_CRYPTO, crypto);
        settings.put(SecurityConstants.SIGNATURE_USERNAME, own);
        settings.put(SecurityConstants.CALLBACK_HANDLER, passwords());
        settings.put(org.apache.cxf.ws.security.SecurityConstants.RETURN_SECURITY_ERROR, true);
        return settings;
    }

    private CallbackHandler passwords() {
        return callbacks -> {
            for (Callback callback : callbacks) {
                WSPasswordCallback wanted = (WSPasswordCallback) callback;
                if (wanted.getUsage() != WSPasswordCallback.USERNAME_TOKEN) {
                    wanted.setPassword(Keys.PASSWORD);
                } else if (user.equals(wanted.getIdentifier())) {
                    wanted.setPassword(password);
                }
            }
        };
    }
}
