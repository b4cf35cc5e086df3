import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.apache.wss4j.common.WSEncryptionPart;
import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.common.util.KeyUtils;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.message.WSSecBase;
import org.apache.wss4j.dom.message.WSSecEncrypt;
import org.apache.wss4j.dom.message.WSSecHeader;
import org.apache.wss4j.dom.message.WSSecSignature;
import org.apache.wss4j.dom.message.WSSecSignatureConfirmation;
import org.apache.wss4j.dom.message.WSSecTimestamp;
import org.apache.wss4j.dom.message.WSSecUsernameToken;
import org.apache.xml.security.keys.content.X509Data;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/**
 * Adds security to a message with WSS4J's DOM engine.
 *
 * With the field `session`, the base64 SHA-1 of an EncryptedKey of an earlier message, that key signs and encrypts.
 */
final class DomSecure {
    private final Frame request;
    private final KeyRing keys;
    private final Crypto crypto;

    DomSecure(Frame request, KeyRing keys) throws Exception {
        this.request = request;
        this.keys = keys;
        this.crypto = keys.crypto();
    }

    byte[] secure(byte[] message) throws Exception {
        Document document = Dom.parse(message);
        WSSecHeader header = new WSSecHeader(request.get("actor", null), request.flag("mustUnderstand", true), document);
        header.insertSecurityHeader();
        SecretKey sessionKey = null;
        WSSecEncrypt encrypt = null;
        if (request.has("session")) {
            sessionKey = new SecretKeySpec(keys.secrets().get(request.get("session")), "AES");
        } else if (request.has("enc.data")) {
            sessionKey = KeyUtils.getKeyGenerator(request.get("enc.data")).generateKey();
        }
        if (request.has("enc.data")) {
            encrypt = encryption(header, sessionKey);
        }
        for (String action : request.list("actions")) {
            switch (action) {
                case "Timestamp" -> timestamp(header);
                case "UsernameToken" -> usernameToken(header);
                case "Signature" -> sign(header, encrypt, sessionKey);
                case "Encryption" -> encrypt(encrypt, sessionKey);
                case "SignatureConfirmation" -> confirm(header);
                default -> throw new IllegalArgumentException("unknown action " + action);
            }
        }
        return Dom.serialize(document);
    }

    private void timestamp(WSSecHeader header) {
        WSSecTimestamp timestamp = new WSSecTimestamp(header);
        timestamp.setTimeToLive(Integer.parseInt(request.get("timestamp.ttl", "300")));
        timestamp.setPrecisionInMilliSeconds(request.flag("timestamp.milliseconds", true));
        timestamp.build();
    }

    private void usernameToken(WSSecHeader header) {
        WSSecUsernameToken token = new WSSecUsernameToken(header);
        String type = request.get("ut.type");
        token.setPasswordType(switch (type) {
            case "Text" -> WSConstants.PASSWORD_TEXT;
            case "Digest" -> WSConstants.PASSWORD_DIGEST;
            default -> null;
        });
        token.setUserInfo(request.get("ut.user"), type.equals("None") ? null : request.get("ut.password"));
        if (!type.equals("Digest") && request.flag("ut.nonce", false)) {
            token.addNonce();
        }
        if (!type.equals("Digest") && request.flag("ut.created", false)) {
            token.addCreated();
        }
        token.build();
    }

    private void confirm(WSSecHeader header) {
        for (String value : request.list("confirm")) {
            WSSecSignatureConfirmation confirmation = new WSSecSignatureConfirmation(header);
            confirmation.build(Base64.getDecoder().decode(value));
        }
    }

    private void sign(WSSecHeader header, WSSecEncrypt encrypt, SecretKey sessionKey) throws Exception {
        WSSecSignature signature = new WSSecSignature(header);
        signature.setSignatureAlgorithm(request.get("sig.algorithm"));
        signature.setDigestAlgo(request.get("sig.digest"));
        signature.setSigCanonicalization(request.get("sig.c14n"));
        signature.setAddInclusivePrefixes(request.flag("sig.prefixes", true));
        signature.getParts().addAll(parts("sig.parts"));
        String identifier = request.get("sig.keyIdentifier");
        if (identifier.startsWith("EncryptedKey")) {
            signature.setSecretKey(sessionKey.getEncoded());
            if (identifier.equals("EncryptedKeySHA1")) {
                signature.setKeyIdentifierType(WSConstants.ENCRYPTED_KEY_SHA1_IDENTIFIER);
                signature.setEncrKeySha1value(request.has("session") ? request.get("session") : encrypt.getEncryptedKeySHA1());
            } else {
                signature.setKeyIdentifierType(WSConstants.CUSTOM_SYMM_SIGNING);
                signature.setCustomTokenId(encrypt.getId());
                signature.setCustomTokenValueType(WSConstants.WSS_ENC_KEY_VALUE_TYPE);
            }
        } else {
            signature.setUserInfo(request.get("sig.key"), KeyRing.PASSWORD);
            signature.setUseSingleCertificate(!request.flag("sig.pkiPath", false));
            if (identifier.equals("X509Data")) {
                signature.setCustomKeyInfoElement(x509Data(header.getSecurityHeaderDoc(), request.get("sig.key")));
            } else {
                identify(signature, identifier);
            }
        }
        signature.build(crypto);
    }

    private WSSecEncrypt encryption(WSSecHeader header, SecretKey sessionKey) throws Exception {
        WSSecEncrypt encrypt = new WSSecEncrypt(header);
        encrypt.setUserInfo(request.get("enc.key"));
        encrypt.setSymmetricEncAlgorithm(request.get("enc.data"));
        encrypt.setKeyEncAlgo(request.get("enc.transport"));
        if (request.has("enc.digest")) {
            encrypt.setDigestAlgorithm(request.get("enc.digest"));
        }
        if (request.has("enc.mgf")) {
            encrypt.setMGFAlgorithm(request.get("enc.mgf"));
        }
        KeyAgreement.configure(encrypt, request);
        encrypt.getParts().addAll(parts("enc.parts"));
        String identifier = request.get("enc.keyIdentifier");
        if (request.has("session")) {
            encrypt.setEncryptSymmKey(false);
            encrypt.setKeyIdentifierType(WSConstants.ENCRYPTED_KEY_SHA1_IDENTIFIER);
            encrypt.setCustomReferenceValue(request.get("session"));
        } else if (identifier.equals("X509Data")) {
            encrypt.setCustomEKKeyInfoElement(x509Data(header.getSecurityHeaderDoc(), request.get("enc.key")));
        } else {
            identify(encrypt, identifier);
        }
        encrypt.prepare(crypto, sessionKey);
        return encrypt;
    }

    private static void encrypt(WSSecEncrypt encrypt, SecretKey sessionKey) throws Exception {
        Element references = encrypt.encrypt(sessionKey);
        if (encrypt.getEncryptedKeyElement() == null) {
            encrypt.addExternalRefElement(references);
        } else {
            encrypt.addInternalRefElement(references);
            encrypt.prependToHeader();
            encrypt.prependBSTElementToHeader();
        }
    }

    private static void identify(WSSecBase target, String identifier) {
        target.setKeyIdentifierType(switch (identifier) {
            case "BinarySecurityToken" -> WSConstants.BST_DIRECT_REFERENCE;
            case "IssuerSerial" -> WSConstants.ISSUER_SERIAL;
            case "SubjectKeyIdentifier" -> WSConstants.SKI_KEY_IDENTIFIER;
            case "ThumbprintSHA1" -> WSConstants.THUMBPRINT_IDENTIFIER;
            case "X509Certificate" -> WSConstants.X509_KEY_IDENTIFIER;
            case "KeyValue" -> WSConstants.KEY_VALUE;
            default -> throw new IllegalArgumentException("unknown key identifier " + identifier);
        });
    }

    private Element x509Data(Document document, String alias) throws Exception {
        Element keyInfo = document.createElementNS(WSConstants.SIG_NS, "ds:KeyInfo");
        keyInfo.setAttributeNS(WSConstants.XMLNS_NS, "xmlns:ds", WSConstants.SIG_NS);
        X509Data data = new X509Data(document);
        data.addCertificate(keys.certificate(alias));
        keyInfo.appendChild(data.getElement());
        return keyInfo;
    }

    private List<WSEncryptionPart> parts(String field) {
        List<WSEncryptionPart> parts = new ArrayList<>();
        for (String part : request.list(field)) {
            String[] pieces = part.split("\\|");
            parts.add(part.equals("Token")
                ? new WSEncryptionPart("STRTransform", "", "Element")
                : new WSEncryptionPart(pieces[2], pieces[1], pieces[0]));
        }
        return parts;
    }
}
