import java.util.List;
import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.common.saml.SamlAssertionWrapper;
import org.apache.wss4j.common.bsp.BSPRule;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.engine.WSSConfig;
import org.apache.wss4j.dom.engine.WSSecurityEngine;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.RequestData;
import org.apache.wss4j.dom.handler.WSHandlerResult;
import org.apache.wss4j.dom.saml.DOMSAMLUtil;
import org.apache.wss4j.dom.util.WSSecurityUtil;
import org.apache.wss4j.dom.validate.SamlAssertionValidator;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/**
 * Checks a message with a SAML assertion as WSS4J and CXF do: its signature, conditions and audience, and that the subject is confirmed
 * (a holder's key has signed, or a sender who vouches has signed assertion and Body).
 */
final class SamlCheck {
    private SamlCheck() {
    }

    static Frame run(Frame request, KeyRing keys) throws Exception {
        Document document = Dom.parse(request.payload);
        Crypto crypto = keys.crypto();
        RequestData data = new RequestData();
        data.setWssConfig(WSSConfig.getNewInstance());
        data.setSigVerCrypto(crypto);
        data.setDecCrypto(crypto);
        data.setCallbackHandler(keys.passwords());
        data.setAudienceRestrictions(List.of(request.get("audience")));
        data.setIgnoredBSPRules(request.list("ignoreBsp").stream().map(BSPRule::valueOf).toList());
        SamlAssertionValidator validator = new SamlAssertionValidator();
        validator.setRequiredSubjectConfirmationMethod(request.get("confirmation"));
        validator.setRequireStandardSubjectConfirmationMethod(true);
        WSSConfig config = data.getWssConfig();
        config.setValidator(WSConstants.SAML_TOKEN, validator);
        config.setValidator(WSConstants.SAML2_TOKEN, validator);
        Element security = WSSecurityUtil.getSecurityHeader(document, null);
        WSHandlerResult results = new WSSecurityEngine().processSecurityHeader(security, data);
        Element body = WSSecurityUtil.findBodyElement(document);
        DOMSAMLUtil.validateSAMLResults(results, null, body);
        Frame answer = new Frame();
        for (WSSecurityEngineResult result : results.getResults()) {
            int action = (Integer) result.get(WSSecurityEngineResult.TAG_ACTION);
            if (action == WSConstants.ST_SIGNED) {
                SamlAssertionWrapper assertion =
                    (SamlAssertionWrapper) result.get(WSSecurityEngineResult.TAG_SAML_ASSERTION);
                answer.fields.put("subject", assertion.getSubjectName());
                answer.fields.put("issuer", assertion.getIssuerString());
                answer.fields.put("version", assertion.getSaml2() == null ? "1.1" : "2.0");
                answer.fields.put("method", String.join(";", assertion.getConfirmationMethods()));
            }
        }
        return answer;
    }
}
