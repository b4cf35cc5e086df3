package cxf;

import java.io.StringReader;
import java.util.List;
import org.apache.cxf.staxutils.StaxUtils;
import org.apache.cxf.ws.policy.WSPolicyFeature;

/** What endpoints demand, in WS-SecurityPolicy 1.3. */
final class Policies {
    private static final String SP = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702";
    private static final String TO_RECIPIENT = " sp:IncludeToken='" + SP + "/IncludeToken/AlwaysToRecipient'";
    private static final String TO_INITIATOR = " sp:IncludeToken='" + SP + "/IncludeToken/AlwaysToInitiator'";
    private static final String SUITE = policy("sp:AlgorithmSuite", "<sp:Basic256Sha256/>");
    private static final String LAX = policy("sp:Layout", "<sp:Lax/>");
    private static final String BODY_SIGNED = "<sp:SignedParts><sp:Body/></sp:SignedParts>";

    /** A UsernameToken over TLS; the one with a digest comes with a Timestamp, the other without. */
    static final String USERNAME_TEXT = transport("<sp:HttpsToken><wsp:Policy/></sp:HttpsToken>", "")
        + username("<sp:WssUsernameToken10/>");
    static final String USERNAME_DIGEST = transport("<sp:HttpsToken><wsp:Policy/></sp:HttpsToken>", "<sp:IncludeTimestamp/>")
        + username("<sp:HashPassword/><sp:WssUsernameToken10/>");
    /** A client certificate in TLS. */
    static final String CLIENT_CERTIFICATE =
        transport(policy("sp:HttpsToken", "<sp:RequireClientCertificate/>"), "");
    /** A signature over Body and Timestamp, whose answer is signed too. */
    static final String CERTIFICATE_BOTH_WAYS =
        asymmetric(policy("sp:X509Token" + TO_RECIPIENT, "<sp:WssX509V3Token10/>")) + BODY_SIGNED;
    /** A signature over the Timestamp at least, over TLS. */
    static final String CERTIFICATE = transport("<sp:HttpsToken><wsp:Policy/></sp:HttpsToken>", "<sp:IncludeTimestamp/>")
        + policy("sp:EndorsingSupportingTokens", policy("sp:X509Token" + TO_RECIPIENT, "<sp:WssX509V3Token10/>"));

    /** An issued token that needs no proof. */
    static final String BEARER = policy("sp:SupportingTokens", issued("Bearer"));
    /** A signature over Body and Timestamp by the secret that the token was issued for. */
    static final String SYMMETRIC = policy("sp:SymmetricBinding",
        policy("sp:ProtectionToken", issued("SymmetricKey")) + SUITE + LAX
        + "<sp:IncludeTimestamp/><sp:OnlySignEntireHeadersAndBody/>") + BODY_SIGNED;
    /** A signature over Body and Timestamp by the private key that the token was issued for. */
    static final String PUBLIC = asymmetric(issued("PublicKey")) + BODY_SIGNED;

    private Policies() {
    }

    static WSPolicyFeature feature(String assertions) throws Exception {
        String text = "<wsp:Policy xmlns:wsp='http://www.w3.org/ns/ws-policy' xmlns:sp='" + SP + "'>"
            + assertions + "</wsp:Policy>";
        WSPolicyFeature feature = new WSPolicyFeature();
        feature.setPolicyElements(List.of(StaxUtils.read(new StringReader(text)).getDocumentElement()));
        return feature;
    }

    private static String policy(String start, String nested) {
        return "<" + start + "><wsp:Policy>" + nested + "</wsp:Policy></" + start.split(" ")[0] + ">";
    }

    private static String transport(String token, String more) {
        return policy("sp:TransportBinding", policy("sp:TransportToken", token) + SUITE + LAX + more);
    }

    private static String asymmetric(String initiator) {
        return policy("sp:AsymmetricBinding", policy("sp:InitiatorToken", initiator)
            + policy("sp:RecipientToken", policy("sp:X509Token" + TO_INITIATOR, "<sp:WssX509V3Token10/>"))
            + SUITE + LAX + "<sp:IncludeTimestamp/><sp:OnlySignEntireHeadersAndBody/>");
    }

    private static String username(String nested) {
        return policy("sp:SupportingTokens", policy("sp:UsernameToken" + TO_RECIPIENT, nested));
    }

    private static String issued(String keyType) {
        return "<sp:IssuedToken" + TO_RECIPIENT + "><sp:RequestSecurityTokenTemplate>"
            + "<t:KeyType xmlns:t='http://docs.oasis-open.org/ws-sx/ws-trust/200512'>"
            + "http://docs.oasis-open.org/ws-sx/ws-trust/200512/" + keyType + "</t:KeyType>"
            + "</sp:RequestSecurityTokenTemplate><wsp:Policy><sp:RequireInternalReference/></wsp:Policy></sp:IssuedToken>";
    }
}
