import java.time.Instant;
import java.util.List;
import javax.crypto.SecretKey;
import org.apache.wss4j.common.WSEncryptionPart;
import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.common.saml.SAMLCallback;
import org.apache.wss4j.common.saml.SamlAssertionWrapper;
import org.apache.wss4j.common.saml.bean.AttributeBean;
import org.apache.wss4j.common.saml.bean.AttributeStatementBean;
import org.apache.wss4j.common.saml.bean.AudienceRestrictionBean;
import org.apache.wss4j.common.saml.bean.AuthenticationStatementBean;
import org.apache.wss4j.common.saml.bean.ConditionsBean;
import org.apache.wss4j.common.saml.bean.KeyInfoBean;
import org.apache.wss4j.common.saml.bean.SubjectBean;
import org.apache.wss4j.common.saml.bean.Version;
import org.apache.wss4j.common.util.KeyUtils;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.message.WSSecEncrypt;
import org.apache.wss4j.dom.message.WSSecEncryptedKey;
import org.apache.wss4j.dom.message.WSSecHeader;
import org.apache.wss4j.dom.message.WSSecSAMLToken;
import org.apache.wss4j.dom.message.WSSecSignature;
import org.apache.wss4j.dom.message.WSSecTimestamp;
import org.apache.wss4j.dom.saml.WSSecSignatureSAML;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** Puts an assertion that OpenSAML makes into a message, and signs the message as the assertion's confirmation wants it. */
final class Saml {
    private static final String SHA256 = WSConstants.SHA256;
    private final Frame request;
    private final KeyRing keys;
    private final Crypto crypto;
    private final boolean saml2;

    Saml(Frame request, KeyRing keys) throws Exception {
        this.request = request;
        this.keys = keys;
        this.crypto = keys.crypto();
        this.saml2 = request.get("version").equals("2.0");
    }

    byte[] secure(byte[] message) throws Exception {
        Document document = Dom.parse(message);
        WSSecHeader header = new WSSecHeader(null, true, document);
        header.insertSecurityHeader();
        WSSecTimestamp timestamp = new WSSecTimestamp(header);
        timestamp.build();
        SecretKey secret = null;
        KeyInfoBean keyInfo = new KeyInfoBean();
        switch (request.get("proof", "")) {
            case "X509" -> {
                keyInfo.setCertificate(keys.certificate(request.get("subject")));
                keyInfo.setCertIdentifer(KeyInfoBean.CERT_IDENTIFIER.X509_CERT);
            }
            case "KeyValue" -> {
                keyInfo.setPublicKey(keys.certificate(request.get("subject")).getPublicKey());
                keyInfo.setCertIdentifer(KeyInfoBean.CERT_IDENTIFIER.KEY_VALUE);
            }
            case "Secret" -> {
                secret = KeyUtils.getKeyGenerator(WSConstants.AES_256).generateKey();
                keyInfo.setElement(encryptedSecret(header, secret));
            }
            default -> keyInfo = null;
        }
        SamlAssertionWrapper assertion = assertion(keyInfo);
        if (request.flag("signed", true)) {
            assertion.signAssertion(request.get("issuer"), KeyRing.PASSWORD, crypto, false,
                WSConstants.C14N_EXCL_OMIT_COMMENTS, WSConstants.RSA_SHA256, SHA256);
        }
        switch (request.get("method")) {
            case "bearer" -> new WSSecSAMLToken(header).build(assertion);
            case "holder-of-key" -> holderOfKey(header, assertion, secret);
            default -> senderVouches(header, assertion);
        }
        if (request.flag("encryptedAssertion", false)) {
            EncryptedAssertions.encrypt(header, assertion, keys.certificate(request.get("recipient")),
                request.flag("keyBeside", false));
        }
        if (request.flag("encrypted", false)) {
            WSSecEncrypt encrypt = new WSSecEncrypt(header);
            encrypt.setUserInfo(request.get("recipient"));
            encrypt.setSymmetricEncAlgorithm(WSConstants.AES_256_GCM);
            String namespace = saml2 ? WSConstants.SAML2_NS : WSConstants.SAML_NS;
            encrypt.getParts().add(new WSEncryptionPart("Assertion", namespace, "Element"));
            encrypt.build(crypto, KeyUtils.getKeyGenerator(WSConstants.AES_256_GCM).generateKey());
        }
        return Dom.serialize(document);
    }

    private Element encryptedSecret(WSSecHeader header, SecretKey secret) throws Exception {
        WSSecEncryptedKey encryptedKey = new WSSecEncryptedKey(header);
        encryptedKey.setUserInfo(request.get("recipient"));
        encryptedKey.setKeyIdentifierType(WSConstants.ISSUER_SERIAL);
        encryptedKey.prepare(crypto, secret);
        Document document = header.getSecurityHeaderDoc();
        Element keyInfo = document.createElementNS(WSConstants.SIG_NS, "ds:KeyInfo");
        keyInfo.setAttributeNS(WSConstants.XMLNS_NS, "xmlns:ds", WSConstants.SIG_NS);
        keyInfo.appendChild(encryptedKey.getEncryptedKeyElement());
        return keyInfo;
    }

    private SamlAssertionWrapper assertion(KeyInfoBean keyInfo) throws Exception {
        SAMLCallback callback = new SAMLCallback();
        callback.setSamlVersion(saml2 ? Version.SAML_20 : Version.SAML_11);
        callback.setIssuer(request.get("issuerName"));
        String prefix = saml2 ? "urn:oasis:names:tc:SAML:2.0:cm:" : "urn:oasis:names:tc:SAML:1.0:cm:";
        SubjectBean subject = new SubjectBean(request.get("name"), "urn:example:names", prefix + request.get("method"));
        subject.setKeyInfo(keyInfo);
        callback.setSubject(subject);
        ConditionsBean conditions = new ConditionsBean(10);
        conditions.setAudienceRestrictions(List.of(new AudienceRestrictionBean(List.of(request.get("audience")))));
        conditions.setOneTimeUse(saml2 && request.flag("once", false));
        callback.setConditions(conditions);
        AttributeBean role = new AttributeBean("role", saml2 ? "role" : "http://custom-ns", List.of("clerk", "buyer & <more>"));
        AttributeStatementBean attributes = new AttributeStatementBean(subject, List.of(role));
        callback.setAttributeStatementData(List.of(attributes));
        callback.setAuthenticationStatementData(
            List.of(new AuthenticationStatementBean(subject, "Password", Instant.now(), Instant.now().plusSeconds(600))));
        return new SamlAssertionWrapper(callback);
    }

    private void holderOfKey(WSSecHeader header, SamlAssertionWrapper assertion, SecretKey secret) throws Exception {
        if (secret == null) {
            WSSecSignatureSAML signature = new WSSecSignatureSAML(header);
            configure(signature, WSConstants.RSA_SHA256);
            signature.setUserInfo(request.get("subject"), KeyRing.PASSWORD);
            signature.setUseDirectReferenceToAssertion(request.flag("direct", false));
            signature.build(crypto, assertion, null, null, null);
            return;
        }
        new WSSecSAMLToken(header).build(assertion);
        WSSecSignature signature = new WSSecSignature(header);
        configure(signature, WSConstants.HMAC_SHA256);
        signature.setSecretKey(secret.getEncoded());
        signature.setKeyIdentifierType(WSConstants.CUSTOM_KEY_IDENTIFIER);
        signature.setCustomTokenId(assertion.getId());
        signature.setCustomTokenValueType(
            saml2 ? WSConstants.WSS_SAML2_KI_VALUE_TYPE : WSConstants.WSS_SAML_KI_VALUE_TYPE);
        signature.build(crypto);
    }

    private void senderVouches(WSSecHeader header, SamlAssertionWrapper assertion) throws Exception {
        WSSecSignatureSAML signature = new WSSecSignatureSAML(header);
        configure(signature, WSConstants.RSA_SHA256);
        signature.setKeyIdentifierType(WSConstants.BST_DIRECT_REFERENCE);
        signature.setUseDirectReferenceToAssertion(request.flag("direct", false));
        signature.build(null, assertion, crypto, request.get("voucher"), KeyRing.PASSWORD);
    }

    private void configure(WSSecSignature signature, String algorithm) {
        signature.setSignatureAlgorithm(algorithm);
        signature.setDigestAlgo(SHA256);
        signature.getParts().add(new WSEncryptionPart("Body", request.get("soap"), "Element"));
        signature.getParts().add(new WSEncryptionPart("Timestamp", WSConstants.WSU_NS, "Element"));
        if (request.flag("signToken", false)) {
            signature.getParts().add(new WSEncryptionPart("STRTransform", "", "Element"));
        }
    }
}
