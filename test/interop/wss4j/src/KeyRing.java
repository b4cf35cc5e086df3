import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.WSPasswordCallback;

/** The private keys, certificates, shared secrets and passwords that both sides of a test know. */
final class KeyRing {
    static final String PASSWORD = "changeit";

    private final KeyStore store;
    private final Map<String, String> users = new HashMap<>();
    private final Map<String, byte[]> secrets = new HashMap<>();

    KeyRing() throws Exception {
        store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
    }

    void addPrivateKey(String alias, Path key, Path chain) throws Exception {
        Certificate[] certificates = read(chain).toArray(new Certificate[0]);
        String pem = Files.readString(key).replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
        PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem));
        PrivateKey privateKey = KeyFactory.getInstance(certificates[0].getPublicKey().getAlgorithm()).generatePrivate(spec);
        store.setKeyEntry(alias, privateKey, PASSWORD.toCharArray(), certificates);
    }

    void addTrusted(String alias, Path certificate) throws Exception {
        for (Certificate each : read(certificate)) {
            store.setCertificateEntry(alias, each);
        }
    }

    void addUser(String name, String password) {
        users.put(name, password);
    }

    void addSecret(String name, byte[] secret) {
        secrets.put(name, secret);
    }

    Map<String, byte[]> secrets() {
        return secrets;
    }

    X509Certificate certificate(String alias) throws Exception {
        return (X509Certificate) store.getCertificate(alias);
    }

    PrivateKey privateKey(String alias) throws Exception {
        return (PrivateKey) store.getKey(alias, PASSWORD.toCharArray());
    }

    Crypto crypto() throws Exception {
        Merlin merlin = new Merlin();
        merlin.setKeyStore(store);
        merlin.setTrustStore(store);
        return merlin;
    }

    CallbackHandler passwords() {
        return callbacks -> {
            for (Callback callback : callbacks) {
                WSPasswordCallback wanted = (WSPasswordCallback) callback;
                switch (wanted.getUsage()) {
                    case WSPasswordCallback.USERNAME_TOKEN -> wanted.setPassword(users.get(wanted.getIdentifier()));
                    case WSPasswordCallback.SECRET_KEY -> wanted.setKey(secrets.get(wanted.getIdentifier()));
                    default -> wanted.setPassword(PASSWORD);
                }
            }
        };
    }

    @SuppressWarnings("unchecked")
    private static Collection<Certificate> read(Path pem) throws Exception {
        return (Collection<Certificate>) CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(pem)));
    }
}
