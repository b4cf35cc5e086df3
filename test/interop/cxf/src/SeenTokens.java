package cxf;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.wss4j.common.ext.WSSecurityException;
import org.apache.wss4j.common.saml.SamlAssertionWrapper;
import org.apache.wss4j.dom.handler.RequestData;
import org.apache.wss4j.dom.validate.Credential;
import org.apache.wss4j.dom.validate.SamlAssertionValidator;

/** Checks assertions as WSS4J does, keeps in mind which ones came, and refuses those that were revoked. */
final class SeenTokens extends SamlAssertionValidator {
    private final Control control;
    private final Set<String> seen = ConcurrentHashMap.newKeySet();
    private final Set<String> revoked = ConcurrentHashMap.newKeySet();

    SeenTokens(Control control) {
        this.control = control;
    }

    @Override
    public Credential validate(Credential credential, RequestData data) throws WSSecurityException {
        SamlAssertionWrapper assertion = credential.getSamlAssertion();
        if (seen.add(assertion.getId())) {
            control.count("tokens");
        }
        Instant end = assertion.getNotOnOrAfter();
        if (end != null && !Duration.between(end, Instant.now()).isNegative()) {
            control.count("expired");
        }
        if (revoked.contains(assertion.getId())) {
            throw new WSSecurityException(WSSecurityException.ErrorCode.FAILED_AUTHENTICATION);
        }
        return super.validate(credential, data);
    }

    /** From now on refuses every assertion that has come so far. */
    void revoke() {
        revoked.addAll(seen);
    }
}
