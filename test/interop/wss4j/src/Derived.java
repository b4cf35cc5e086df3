import javax.crypto.SecretKey;
import org.apache.wss4j.common.WSEncryptionPart;
import org.apache.wss4j.common.derivedKey.ConversationConstants;
import org.apache.wss4j.common.util.KeyUtils;
import org.apache.wss4j.common.util.UsernameTokenUtil;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.message.WSSecDKEncrypt;
import org.apache.wss4j.dom.message.WSSecDKSign;
import org.apache.wss4j.dom.message.WSSecEncryptedKey;
import org.apache.wss4j.dom.message.WSSecHeader;
import org.apache.wss4j.dom.message.WSSecSignature;
import org.apache.wss4j.dom.message.WSSecTimestamp;
import org.apache.wss4j.dom.message.WSSecUsernameToken;
import org.w3c.dom.Document;

/** The symmetric binding of WSS4J: keys that are derived from an EncryptedKey or a password sign and encrypt. */
final class Derived {
    private Derived() { }

    static byte[] secure(Frame request, KeyRing keys) throws Exception {
        Document document = Dom.parse(request.payload);
        WSSecHeader header = new WSSecHeader(document);
        header.insertSecurityHeader();
        WSSecTimestamp timestamp = new WSSecTimestamp(header);
        timestamp.build();
        int version = request.get("version").equals("2005/02")
            ? ConversationConstants.VERSION_05_02 : ConversationConstants.VERSION_05_12;
        byte[] secret;
        String id;
        String valueType;
        boolean direct = true;
        WSSecEncryptedKey encryptedKey = null;
        WSSecUsernameToken user = null;
        if (request.get("base").equals("UsernameToken")) {
            user = new WSSecUsernameToken(header);
            user.setUserInfo(request.get("user"), request.get("password"));
            user.addDerivedKey(1000);
            byte[] salt = UsernameTokenUtil.generateSalt(true);
            user.prepare(salt);
            secret = user.getDerivedKey(salt);
            id = user.getId();
            valueType = WSConstants.WSS_USERNAME_TOKEN_VALUE_TYPE;
        } else {
            SecretKey key = KeyUtils.getKeyGenerator(WSConstants.AES_256).generateKey();
            encryptedKey = new WSSecEncryptedKey(header);
            encryptedKey.setUserInfo("recipient");
            encryptedKey.setKeyIdentifierType(WSConstants.THUMBPRINT_IDENTIFIER);
            encryptedKey.prepare(keys.crypto(), key);
            secret = key.getEncoded();
            direct = request.get("base").equals("EncryptedKey");
            id = direct ? encryptedKey.getId() : encryptedKey.getEncryptedKeySHA1();
            valueType = direct ? WSConstants.WSS_ENC_KEY_VALUE_TYPE : WSConstants.SOAPMESSAGE_NS11 + "#EncryptedKeySHA1";
        }
        String soap = document.getDocumentElement().getNamespaceURI();
        WSSecDKSign sign = new WSSecDKSign(header);
        sign.setWscVersion(version);
        sign.setTokenIdentifier(id);
        sign.setCustomValueType(valueType);
        sign.setKeyIdentifierType(direct ? 0 : WSConstants.CUSTOM_KEY_IDENTIFIER);
        sign.setSignatureAlgorithm(WSConstants.HMAC_SHA256);
        sign.setDigestAlgorithm(WSConstants.SHA256);
        sign.getParts().add(new WSEncryptionPart("Body", soap, "Element"));
        sign.getParts().add(new WSEncryptionPart("Timestamp", WSConstants.WSU_NS, "Element"));
        sign.build(secret);
        if (request.flag("endorse", false)) {
            WSSecSignature endorsing = new WSSecSignature(header);
            endorsing.setUserInfo("signer", KeyRing.PASSWORD);
            endorsing.setKeyIdentifierType(WSConstants.BST_DIRECT_REFERENCE);
            endorsing.setSignatureAlgorithm(WSConstants.RSA_SHA256);
            endorsing.setDigestAlgo(WSConstants.SHA256);
            endorsing.getParts().add(new WSEncryptionPart(sign.getSignatureId()));
            endorsing.build(keys.crypto());
        }
        WSSecDKEncrypt encrypt = new WSSecDKEncrypt(header);
        encrypt.setWscVersion(version);
        encrypt.setTokenIdentifier(id);
        encrypt.setCustomValueType(valueType);
        encrypt.setKeyIdentifierType(direct ? 0 : WSConstants.CUSTOM_KEY_IDENTIFIER);
        encrypt.setSymmetricEncAlgorithm(WSConstants.AES_256_GCM);
        encrypt.getParts().add(new WSEncryptionPart("Body", soap, "Content"));
        encrypt.build(secret);
        if (user != null) {
            user.prependToHeader();
        } else {
            encryptedKey.prependToHeader();
        }
        return Dom.serialize(document);
    }
}
