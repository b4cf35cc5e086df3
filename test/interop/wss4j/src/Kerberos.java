import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.SecretKey;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.AppConfigurationEntry.LoginModuleControlFlag;
import javax.security.auth.login.Configuration;
import org.apache.wss4j.common.util.KeyUtils;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.engine.WSSConfig;
import org.apache.wss4j.dom.engine.WSSecurityEngine;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.WSHandlerResult;
import org.apache.wss4j.dom.message.WSSecEncrypt;
import org.apache.wss4j.dom.message.WSSecHeader;
import org.apache.wss4j.dom.message.WSSecSignature;
import org.apache.wss4j.dom.message.WSSecTimestamp;
import org.apache.wss4j.dom.message.token.KerberosSecurity;
import org.apache.wss4j.dom.util.WSSecurityUtil;
import org.apache.wss4j.dom.validate.KerberosTokenValidator;
import org.w3c.dom.Document;

/** Kerberos tokens with WSS4J's DOM engine and the GSS-API of Java, by keytabs. */
final class Kerberos {
    private static final String CONTEXT = "waxseal";
    private static final CallbackHandler NOBODY = callbacks -> { };

    private final Frame request;

    Kerberos(Frame request) {
        this.request = request;
        System.setProperty("java.security.krb5.conf", request.get("config"));
        Configuration.setConfiguration(login());
    }

    /** A ticket, and what the field `sign` or `encrypt` wants done with its key. */
    byte[] secure(byte[] message) throws Exception {
        Document document = Dom.parse(message);
        WSSecHeader header = new WSSecHeader(document);
        header.insertSecurityHeader();
        WSSecTimestamp timestamp = new WSSecTimestamp(header);
        timestamp.build();
        KerberosSecurity token = new KerberosSecurity(document);
        token.retrieveServiceTicket(CONTEXT, NOBODY, request.get("service"));
        token.setID("Id-" + token.hashCode());
        boolean byHash = request.get("reference").equals("sha1");
        String sha1 = org.apache.xml.security.utils.XMLUtils.encodeToString(KeyUtils.generateDigest(token.getToken()));
        SecretKey key = token.getSecretKey();
        if (request.has("sign")) {
            WSSecSignature signature = new WSSecSignature(header);
            signature.setSignatureAlgorithm(request.get("sign"));
            signature.setDigestAlgo("http://www.w3.org/2001/04/xmlenc#sha256");
            signature.setKeyIdentifierType(byHash ? WSConstants.CUSTOM_KEY_IDENTIFIER : WSConstants.CUSTOM_SYMM_SIGNING);
            signature.setCustomTokenId(byHash ? sha1 : token.getID());
            signature.setCustomTokenValueType(byHash ? WSConstants.WSS_KRB_KI_VALUE_TYPE : WSConstants.WSS_GSS_KRB_V5_AP_REQ);
            signature.setSecretKey(key.getEncoded());
            signature.getParts().add(new org.apache.wss4j.common.WSEncryptionPart(timestamp.getId()));
            signature.getParts().add(new org.apache.wss4j.common.WSEncryptionPart(
                "Body", document.getDocumentElement().getNamespaceURI(), "Content"));
            signature.build(null);
        }
        if (request.has("encrypt")) {
            WSSecEncrypt encryption = new WSSecEncrypt(header);
            encryption.setSymmetricEncAlgorithm(request.get("encrypt"));
            encryption.setEncryptSymmKey(false);
            encryption.setCustomReferenceValue(WSConstants.WSS_GSS_KRB_V5_AP_REQ);
            encryption.setEncKeyId(token.getID());
            int bytes = KeyUtils.getKeyLength(request.get("encrypt"));
            encryption.build(null, KeyUtils.prepareSecretKey(request.get("encrypt"), java.util.Arrays.copyOf(key.getEncoded(), bytes)));
        }
        WSSecurityUtil.prependChildElement(header.getSecurityHeaderElement(), token.getElement());
        return Dom.serialize(document);
    }

    byte[] verify(byte[] message, Report report) throws Exception {
        Document document = Dom.parse(message);
        WSSConfig config = WSSConfig.getNewInstance();
        KerberosTokenValidator validator = new KerberosTokenValidator();
        validator.setContextName(CONTEXT);
        validator.setServiceName(request.get("service"));
        config.setValidator(WSConstants.BINARY_TOKEN, validator);
        WSSecurityEngine engine = new WSSecurityEngine();
        engine.setWssConfig(config);
        WSHandlerResult results = engine.processSecurityHeader(document, null, NOBODY, null);
        for (WSSecurityEngineResult result : results.getActionResults().getOrDefault(WSConstants.BST, List.of())) {
            report.add("principal", List.of(result.get(WSSecurityEngineResult.TAG_PRINCIPAL).toString()));
        }
        for (int action : new int[] {WSConstants.SIGN, WSConstants.ENCR}) {
            for (WSSecurityEngineResult result : results.getActionResults().getOrDefault(action, List.of())) {
                @SuppressWarnings("unchecked")
                List<org.apache.wss4j.dom.WSDataRef> references =
                    (List<org.apache.wss4j.dom.WSDataRef>) result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS);
                if (references == null) {
                    continue;
                }
                report.add(action == WSConstants.SIGN ? "signed" : "encrypted",
                    references.stream().map(reference -> reference.getName().getLocalPart()).toList());
            }
        }
        return Dom.serialize(document);
    }

    private Configuration login() {
        Map<String, String> options = new HashMap<>(Map.of(
            "refreshKrb5Config", "true", "useKeyTab", "true", "storeKey", "true", "doNotPrompt", "true",
            "keyTab", request.get("keytab"), "principal", request.get("principal")));
        options.put("isInitiator", request.get("op").equals("kerberos.secure") ? "true" : "false");
        AppConfigurationEntry[] entries = {new AppConfigurationEntry(
            "com.sun.security.auth.module.Krb5LoginModule", LoginModuleControlFlag.REQUIRED, options)};
        return new Configuration() {
            @Override
            public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
                return name.equals(CONTEXT) ? entries : null;
            }
        };
    }
}
