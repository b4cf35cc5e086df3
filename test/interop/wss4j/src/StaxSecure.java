import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.xml.namespace.QName;
import javax.xml.stream.XMLStreamWriter;
import org.apache.wss4j.stax.ext.WSSConstants;
import org.apache.wss4j.stax.ext.WSSSecurityProperties;
import org.apache.wss4j.stax.securityToken.WSSecurityTokenConstants;
import org.apache.wss4j.stax.setup.OutboundWSSec;
import org.apache.wss4j.stax.setup.WSSec;
import org.apache.xml.security.stax.ext.SecurePart;
import org.apache.xml.security.stax.ext.XMLSecurityConstants;
import org.apache.xml.security.stax.securityEvent.SecurityEvent;
import org.apache.xml.security.stax.securityEvent.SignatureValueSecurityEvent;
import org.apache.xml.security.stax.securityToken.SecurityTokenConstants;

/** Adds security to a message with WSS4J's streaming engine. */
final class StaxSecure {
    private final OutboundWSSec engine;
    private final List<SecurityEvent> requestEvents = new ArrayList<>();

    StaxSecure(Frame request, KeyRing keys) throws Exception {
        WSSSecurityProperties properties = new WSSSecurityProperties();
        properties.setActor(request.get("actor", null));
        properties.setMustUnderstand(request.flag("mustUnderstand", true));
        properties.setCallbackHandler(keys.passwords());
        List<XMLSecurityConstants.Action> actions = new ArrayList<>();
        for (String action : request.list("actions")) {
            switch (action) {
                case "Timestamp" -> {
                    actions.add(WSSConstants.TIMESTAMP);
                    properties.setTimestampTTL(Integer.parseInt(request.get("timestamp.ttl", "300")));
                }
                case "UsernameToken" -> {
                    actions.add(WSSConstants.USERNAMETOKEN);
                    usernameToken(properties, request);
                }
                case "Signature" -> {
                    actions.add(WSSConstants.SIGNATURE);
                    sign(properties, request, keys);
                }
                case "Encryption" -> {
                    actions.add(WSSConstants.ENCRYPTION);
                    encrypt(properties, request, keys);
                }
                case "SignatureConfirmation" -> {
                    actions.add(WSSConstants.SIGNATURE_CONFIRMATION);
                    confirm(request);
                }
                default -> throw new IllegalArgumentException("unknown action " + action);
            }
        }
        properties.setActions(actions);
        engine = WSSec.getOutboundWSSec(properties);
    }

    byte[] secure(byte[] message) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream(message.length + 8192);
        XMLStreamWriter writer = engine.processOutMessage(out, "UTF-8", requestEvents);
        Stax.copy(Stax.INPUT.createXMLStreamReader(new ByteArrayInputStream(message)), writer);
        writer.close();
        return out.toByteArray();
    }

    private static void usernameToken(WSSSecurityProperties properties, Frame request) {
        properties.setTokenUser(request.get("ut.user"));
        properties.setUsernameTokenPasswordType(switch (request.get("ut.type")) {
            case "Text" -> WSSConstants.UsernameTokenPasswordType.PASSWORD_TEXT;
            case "Digest" -> WSSConstants.UsernameTokenPasswordType.PASSWORD_DIGEST;
            default -> WSSConstants.UsernameTokenPasswordType.PASSWORD_NONE;
        });
        properties.setAddUsernameTokenNonce(request.flag("ut.nonce", false));
        properties.setAddUsernameTokenCreated(request.flag("ut.created", false));
    }

    private void confirm(Frame request) {
        for (String value : request.list("confirm")) {
            SignatureValueSecurityEvent event = new SignatureValueSecurityEvent();
            event.setSignatureValue(Base64.getDecoder().decode(value));
            requestEvents.add(event);
        }
    }

    private static void sign(WSSSecurityProperties properties, Frame request, KeyRing keys) throws Exception {
        properties.setSignatureCrypto(keys.crypto());
        properties.setSignatureUser(request.get("sig.key", null));
        properties.setSignatureAlgorithm(request.get("sig.algorithm"));
        properties.setSignatureDigestAlgorithm(request.get("sig.digest"));
        properties.setSignatureCanonicalizationAlgorithm(request.get("sig.c14n"));
        properties.setAddExcC14NInclusivePrefixes(request.flag("sig.prefixes", true));
        properties.setUseSingleCert(!request.flag("sig.pkiPath", false));
        properties.setSignatureKeyIdentifier(identifier(request.get("sig.keyIdentifier")));
        for (String part : request.list("sig.parts")) {
            if (part.equals("Token")) {
                properties.addSignaturePart(new SecurePart(
                    new QName(WSSConstants.SOAPMESSAGE_NS10_STR_TRANSFORM), SecurePart.Modifier.Element));
            } else {
                properties.addSignaturePart(part(part));
            }
        }
    }

    private static void encrypt(WSSSecurityProperties properties, Frame request, KeyRing keys) throws Exception {
        properties.setEncryptionCrypto(keys.crypto());
        properties.setEncryptionUser(request.get("enc.key"));
        properties.setEncryptionSymAlgorithm(request.get("enc.data"));
        properties.setEncryptionKeyTransportAlgorithm(request.get("enc.transport"));
        if (request.has("enc.digest")) {
            properties.setEncryptionKeyTransportDigestAlgorithm(request.get("enc.digest"));
        }
        if (request.has("enc.mgf")) {
            properties.setEncryptionKeyTransportMGFAlgorithm(request.get("enc.mgf"));
        }
        properties.setEncryptionKeyIdentifier(identifier(request.get("enc.keyIdentifier")));
        for (String part : request.list("enc.parts")) {
            properties.addEncryptionPart(part(part));
        }
    }

    private static SecurePart part(String text) {
        String[] pieces = text.split("\\|");
        SecurePart.Modifier modifier =
            pieces[0].equals("Content") ? SecurePart.Modifier.Content : SecurePart.Modifier.Element;
        return new SecurePart(new QName(pieces[1], pieces[2]), modifier);
    }

    private static SecurityTokenConstants.KeyIdentifier identifier(String name) {
        return switch (name) {
            case "BinarySecurityToken" -> WSSecurityTokenConstants.KEYIDENTIFIER_SECURITY_TOKEN_DIRECT_REFERENCE;
            case "IssuerSerial" -> WSSecurityTokenConstants.KeyIdentifier_IssuerSerial;
            case "SubjectKeyIdentifier" -> WSSecurityTokenConstants.KeyIdentifier_SkiKeyIdentifier;
            case "ThumbprintSHA1" -> WSSecurityTokenConstants.KEYIDENTIFIER_THUMBPRINT_IDENTIFIER;
            case "X509Certificate" -> WSSecurityTokenConstants.KeyIdentifier_X509KeyIdentifier;
            case "KeyValue" -> WSSecurityTokenConstants.KeyIdentifier_KeyValue;
            case "EncryptedKeySHA1" -> WSSecurityTokenConstants.KEYIDENTIFIER_ENCRYPTED_KEY_SHA1_IDENTIFIER;
            default -> throw new IllegalArgumentException("unknown key identifier " + name);
        };
    }
}
