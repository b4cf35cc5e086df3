import java.security.cert.X509Certificate;
import org.apache.wss4j.common.WSS4JConstants;
import org.apache.wss4j.common.saml.SamlAssertionWrapper;
import org.apache.wss4j.common.util.KeyUtils;
import org.apache.wss4j.dom.message.WSSecHeader;
import org.opensaml.core.xml.config.XMLObjectProviderRegistrySupport;
import org.opensaml.core.xml.io.Marshaller;
import org.opensaml.core.xml.io.Unmarshaller;
import org.opensaml.saml.saml2.core.Assertion;
import org.opensaml.saml.saml2.core.EncryptedAssertion;
import org.opensaml.saml.saml2.encryption.Encrypter;
import org.opensaml.security.credential.BasicCredential;
import org.opensaml.security.x509.BasicX509Credential;
import org.opensaml.xmlsec.encryption.support.DataEncryptionParameters;
import org.opensaml.xmlsec.encryption.support.KeyEncryptionParameters;
import org.opensaml.xmlsec.keyinfo.impl.X509KeyInfoGeneratorFactory;
import org.w3c.dom.Element;

/** The EncryptedAssertion of SAML 2.0, as OpenSAML writes it. */
final class EncryptedAssertions {
    private EncryptedAssertions() {
    }

    /**
     * Exchanges the assertion for an EncryptedAssertion, at the beginning of the header: before the Signature that refers to it.
     *
     * @param beside whether the EncryptedKey stands after the EncryptedData and not in its KeyInfo
     */
    static void encrypt(WSSecHeader header, SamlAssertionWrapper wrapper, X509Certificate recipient, boolean beside)
        throws Exception {
        Element security = header.getSecurityHeaderElement();
        Element plain = (Element) security.getElementsByTagNameNS(WSS4JConstants.SAML2_NS, "Assertion").item(0);
        Unmarshaller unmarshaller = XMLObjectProviderRegistrySupport.getUnmarshallerFactory().getUnmarshaller(plain);
        Assertion assertion = (Assertion) unmarshaller.unmarshall(plain);
        DataEncryptionParameters data = new DataEncryptionParameters();
        data.setAlgorithm(WSS4JConstants.AES_256_GCM);
        // OpenSAML makes keys only of algorithms in a registry that WSS4J does not fill.
        data.setEncryptionCredential(
            new BasicCredential(KeyUtils.getKeyGenerator(WSS4JConstants.AES_256_GCM).generateKey()));
        KeyEncryptionParameters key = new KeyEncryptionParameters();
        key.setAlgorithm(WSS4JConstants.KEYTRANSPORT_RSAOAEP);
        key.setEncryptionCredential(new BasicX509Credential(recipient));
        X509KeyInfoGeneratorFactory names = new X509KeyInfoGeneratorFactory();
        names.setEmitX509IssuerSerial(true);
        key.setKeyInfoGenerator(names.newInstance());
        Encrypter encrypter = new Encrypter(data, key);
        encrypter.setKeyPlacement(beside ? Encrypter.KeyPlacement.PEER : Encrypter.KeyPlacement.INLINE);
        EncryptedAssertion encrypted = encrypter.encrypt(assertion);
        Marshaller marshaller = XMLObjectProviderRegistrySupport.getMarshallerFactory().getMarshaller(encrypted);
        Element element = marshaller.marshall(encrypted);
        security.removeChild(plain);
        security.insertBefore(security.getOwnerDocument().importNode(element, true), security.getFirstChild());
    }
}
