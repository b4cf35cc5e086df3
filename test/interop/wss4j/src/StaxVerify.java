import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.xml.namespace.QName;
import javax.xml.stream.XMLStreamReader;
import javax.xml.stream.XMLStreamWriter;
import org.apache.wss4j.common.bsp.BSPRule;
import org.apache.wss4j.common.cache.ReplayCache;
import org.apache.wss4j.stax.ext.WSSSecurityProperties;
import org.apache.wss4j.stax.securityEvent.UsernameTokenSecurityEvent;
import org.apache.wss4j.stax.securityEvent.WSSecurityEventConstants;
import org.apache.wss4j.stax.setup.InboundWSSec;
import org.apache.wss4j.stax.setup.WSSec;
import org.apache.xml.security.stax.securityEvent.AbstractSecuredElementSecurityEvent;
import org.apache.xml.security.stax.securityEvent.SecurityEvent;
import org.apache.xml.security.stax.securityEvent.SignatureValueSecurityEvent;

/** Checks a message with WSS4J's streaming engine and tells what was proved of it. */
final class StaxVerify {
    private final InboundWSSec engine;

    StaxVerify(Frame request, KeyRing keys) throws Exception {
        WSSSecurityProperties properties = new WSSSecurityProperties();
        properties.setActor(request.get("actor", null));
        properties.setSignatureVerificationCrypto(keys.crypto());
        properties.setDecryptionCrypto(keys.crypto());
        properties.setCallbackHandler(keys.passwords());
        properties.setAllowRSA15KeyTransportAlgorithm(request.flag("rsa15", false));
        properties.setAllowUsernameTokenNoPassword(request.flag("noPassword", false));
        request.list("ignoreBsp").forEach(rule -> properties.addIgnoreBSPRule(BSPRule.valueOf(rule)));
        properties.setNonceReplayCache(new Forgetful());
        properties.setTimestampReplayCache(new Forgetful());
        engine = WSSec.getInboundWSSec(properties, false, true);
    }

    byte[] verify(byte[] message, Report report) throws Exception {
        List<SecurityEvent> events = new ArrayList<>();
        XMLStreamReader reader = engine.processInMessage(
            Stax.INPUT.createXMLStreamReader(new ByteArrayInputStream(message)), null, events::add);
        ByteArrayOutputStream out = new ByteArrayOutputStream(message.length);
        XMLStreamWriter writer = Stax.OUTPUT.createXMLStreamWriter(out, "UTF-8");
        Stax.copy(reader, writer);
        for (SecurityEvent event : events) {
            describe(event, report);
        }
        return out.toByteArray();
    }

    private static void describe(SecurityEvent event, Report report) throws Exception {
        Object type = event.getSecurityEventType();
        if (event instanceof AbstractSecuredElementSecurityEvent secured) {
            QName name = secured.getElementPath().get(secured.getElementPath().size() - 1);
            if (secured.isSigned()) {
                report.add("signed", List.of(name.toString()));
            }
            if (secured.isEncrypted()) {
                boolean content = WSSecurityEventConstants.ContentEncrypted.equals(type) || name.getLocalPart().equals("Body");
                report.add("encrypted", List.of((content ? "Content " : "Element ") + name));
            }
        } else if (event instanceof SignatureValueSecurityEvent signature) {
            report.add("signatureValue", List.of(Base64.getEncoder().encodeToString(signature.getSignatureValue())));
        } else if (event instanceof UsernameTokenSecurityEvent token) {
            report.add("user", List.of(token.getSecurityToken().getUsername()));
        } else if (WSSecurityEventConstants.TIMESTAMP.equals(type)) {
            report.add("timestamp", List.of("yes"));
        }
    }

    /** Lets the same message be checked again and again. */
    private static final class Forgetful implements ReplayCache {
        @Override
        public void add(String identifier) { }

        @Override
        public void add(String identifier, Instant expiry) { }

        @Override
        public boolean contains(String identifier) {
            return false;
        }

        @Override
        public void close() { }
    }
}
