import java.util.Base64;
import java.util.List;
import org.apache.wss4j.common.WSS4JConstants;
import org.apache.wss4j.common.bsp.BSPRule;
import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.WSDataRef;
import org.apache.wss4j.dom.engine.WSSConfig;
import org.apache.wss4j.dom.engine.WSSecurityEngine;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.RequestData;
import org.apache.wss4j.dom.handler.WSHandlerResult;
import org.apache.wss4j.dom.message.token.SignatureConfirmation;
import org.apache.wss4j.dom.util.WSSecurityUtil;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** Checks a message with WSS4J's DOM engine and tells what was proved of it. */
final class DomVerify {
    private final Frame request;
    private final KeyRing keys;
    private final Crypto crypto;
    private final WSSConfig config = WSSConfig.getNewInstance();

    DomVerify(Frame request, KeyRing keys) throws Exception {
        this.request = request;
        this.keys = keys;
        this.crypto = keys.crypto();
    }

    byte[] verify(byte[] message, Report report) throws Exception {
        Document document = Dom.parse(message);
        RequestData data = new RequestData();
        data.setWssConfig(config);
        data.setActor(request.get("actor", null));
        data.setSigVerCrypto(crypto);
        data.setDecCrypto(crypto);
        data.setCallbackHandler(keys.passwords());
        data.setAllowRSA15KeyTransportAlgorithm(request.flag("rsa15", false));
        data.setAllowUsernameTokenNoPassword(request.flag("noPassword", false));
        data.setIgnoredBSPRules(request.list("ignoreBsp").stream().map(BSPRule::valueOf).toList());
        Element security = WSSecurityUtil.getSecurityHeader(document, request.get("actor", null));
        if (security == null) {
            throw new IllegalStateException("no security header");
        }
        WSHandlerResult results = new WSSecurityEngine().processSecurityHeader(security, data);
        for (WSSecurityEngineResult result : results.getResults()) {
            describe(result, report);
        }
        return Dom.serialize(document);
    }

    @SuppressWarnings("unchecked")
    private static void describe(WSSecurityEngineResult result, Report report) {
        int action = (Integer) result.get(WSSecurityEngineResult.TAG_ACTION);
        List<WSDataRef> references = (List<WSDataRef>) result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS);
        switch (action) {
            case WSConstants.SIGN -> {
                report.add("signed", references.stream().map(reference -> WSS4JConstants.WSSE_NS.equals(
                    reference.getName().getNamespaceURI()) && isSecurityTokenReference(reference)
                        ? "Token" : reference.getName().toString()).toList());
                byte[] value = (byte[]) result.get(WSSecurityEngineResult.TAG_SIGNATURE_VALUE);
                report.add("signatureValue", List.of(Base64.getEncoder().encodeToString(value)));
            }
            case WSConstants.ENCR -> {
                if (references != null) {
                    report.add("encrypted", references.stream()
                        .map(reference -> (reference.isContent() ? "Content " : "Element ") + reference.getName()).toList());
                }
            }
            case WSConstants.TS -> report.add("timestamp", List.of("yes"));
            case WSConstants.UT, WSConstants.UT_NOPASSWORD ->
                report.add("user", List.of(((java.security.Principal) result.get(
                    WSSecurityEngineResult.TAG_PRINCIPAL)).getName()));
            case WSConstants.SC -> {
                byte[] value = ((SignatureConfirmation) result.get(
                    WSSecurityEngineResult.TAG_SIGNATURE_CONFIRMATION)).getSignatureValue();
                report.add("confirmed", List.of(value == null ? "" : Base64.getEncoder().encodeToString(value)));
            }
            default -> { }
        }
    }

    private static boolean isSecurityTokenReference(WSDataRef reference) {
        return reference.getTransformAlgorithms() != null
            && reference.getTransformAlgorithms().contains(
                "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform");
    }
}
