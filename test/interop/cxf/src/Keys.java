package cxf;

import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.WSPasswordCallback;

/** Keys and certificates out of PEM files: `NAME.crt` with the chain, leaf first, and `NAME.key` in PKCS#8. */
final class Keys {
    static final String PASSWORD = "changeit";

    private final Path folder;

    Keys(Path folder) {
        this.folder = folder;
    }

    /** A store with the key of one name. */
    KeyStore keyStore(String name) throws Exception {
        Certificate[] chain = certificates(name).toArray(new Certificate[0]);
        String pem = Files.readString(folder.resolve(name + ".key")).replaceAll("-----[A-Z ]+-----|\\s", "");
        PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem));
        PrivateKey key = KeyFactory.getInstance(chain[0].getPublicKey().getAlgorithm()).generatePrivate(spec);
        KeyStore store = empty();
        store.setKeyEntry(name, key, PASSWORD.toCharArray(), chain);
        return store;
    }

    /** A store that trusts all certificates in the files of these names. */
    KeyStore trustStore(String... names) throws Exception {
        KeyStore store = empty();
        for (String name : names) {
            for (Certificate each : certificates(name)) {
                store.setCertificateEntry(name + store.size(), each);
            }
        }
        return store;
    }

    /** A store that trusts the certificate of one name and no other. */
    KeyStore onlyTrusting(String name) throws Exception {
        KeyStore store = empty();
        store.setCertificateEntry(name, certificates(name).iterator().next());
        return store;
    }

    /** WSS4J with the key of one name, trusting only the given store. */
    Crypto crypto(String name, KeyStore trusted) throws Exception {
        Merlin merlin = new Merlin();
        merlin.setKeyStore(keyStore(name));
        merlin.setTrustStore(trusted);
        return merlin;
    }

    /** WSS4J without a key of its own, with the certificate of one name to encrypt for, trusting only the given store. */
    Crypto recipient(String name, KeyStore trusted) throws Exception {
        Merlin merlin = new Merlin();
        merlin.setKeyStore(onlyTrusting(name));
        merlin.setTrustStore(trusted);
        return merlin;
    }

    /** Opens the private keys, and knows the password of the one user. */
    static CallbackHandler passwords(String user, String password) {
        return callbacks -> {
            for (Callback callback : callbacks) {
                WSPasswordCallback wanted = (WSPasswordCallback) callback;
                if (wanted.getUsage() != WSPasswordCallback.USERNAME_TOKEN) {
                    wanted.setPassword(PASSWORD);
                } else if (user.equals(wanted.getIdentifier())) {
                    wanted.setPassword(password);
                }
            }
        };
    }

    private static KeyStore empty() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    @SuppressWarnings("unchecked")
    private Collection<Certificate> certificates(String name) throws Exception {
        return (Collection<Certificate>) CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(folder.resolve(name + ".crt"))));
    }
}
