package cxf;

import jakarta.xml.ws.Service;
import jakarta.xml.ws.ServiceMode;
import jakarta.xml.ws.WebServiceProvider;
import java.io.StringReader;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.xml.transform.Source;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMResult;
import javax.xml.transform.dom.DOMSource;
import org.apache.cxf.phase.PhaseInterceptorChain;
import org.apache.cxf.staxutils.StaxUtils;
import org.apache.cxf.sts.STSConstants;
import org.apache.cxf.sts.STSPropertiesMBean;
import org.apache.cxf.sts.claims.ClaimsManager;
import org.apache.cxf.sts.claims.StaticClaimsHandler;
import org.apache.cxf.sts.operation.AbstractOperation;
import org.apache.cxf.sts.operation.TokenCancelOperation;
import org.apache.cxf.sts.operation.TokenIssueOperation;
import org.apache.cxf.sts.operation.TokenRenewOperation;
import org.apache.cxf.sts.operation.TokenValidateOperation;
import org.apache.cxf.sts.request.BinarySecret;
import org.apache.cxf.sts.request.Entropy;
import org.apache.cxf.sts.request.KeyRequirements;
import org.apache.cxf.sts.request.ReceivedToken;
import org.apache.cxf.sts.request.ReceivedToken.STATE;
import org.apache.cxf.sts.service.StaticService;
import org.apache.cxf.sts.token.canceller.TokenCanceller;
import org.apache.cxf.sts.token.canceller.TokenCancellerParameters;
import org.apache.cxf.sts.token.canceller.TokenCancellerResponse;
import org.apache.cxf.sts.token.delegation.SAMLDelegationHandler;
import org.apache.cxf.sts.token.delegation.TokenDelegationHandler;
import org.apache.cxf.sts.token.delegation.TokenDelegationParameters;
import org.apache.cxf.sts.token.delegation.TokenDelegationResponse;
import org.apache.cxf.sts.token.delegation.UsernameTokenDelegationHandler;
import org.apache.cxf.sts.token.provider.DefaultConditionsProvider;
import org.apache.cxf.sts.token.provider.SAMLTokenProvider;
import org.apache.cxf.sts.token.provider.TokenProviderParameters;
import org.apache.cxf.sts.token.provider.TokenProviderResponse;
import org.apache.cxf.sts.token.renewer.SAMLTokenRenewer;
import org.apache.cxf.sts.token.validator.SAMLTokenValidator;
import org.apache.cxf.sts.token.validator.TokenValidatorParameters;
import org.apache.cxf.sts.token.validator.TokenValidatorResponse;
import org.apache.cxf.sts.token.validator.UsernameTokenValidator;
import org.apache.cxf.sts.token.validator.X509TokenValidator;
import org.apache.cxf.ws.security.sts.provider.SecurityTokenServiceProvider;
import org.apache.cxf.ws.security.tokenstore.MemoryTokenStore;
import org.apache.cxf.ws.security.tokenstore.TokenStore;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** CXF's token service: issues, renews, validates and cancels SAML assertions. */
@WebServiceProvider
@ServiceMode(Service.Mode.PAYLOAD)
public final class TokenService extends SecurityTokenServiceProvider {
    private static final String TRUST_13 = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
    private static final String TRUST_2005 = "http://schemas.xmlsoap.org/ws/2005/02/trust";
    /** What callers of WS-Trust 2005-02, which has no word for it, call Bearer. */
    private static final String NO_PROOF_KEY = "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey";
    private static final String ROLE = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/role";

    private final Control control;
    private final boolean year2005;
    /** Values of the ids of cancelled assertions: their signatures hold on. */
    private final Set<String> cancelled = ConcurrentHashMap.newKeySet();

    /** @param year2005 speaks WS-Trust 2005-02, which CXF knows only as a client: names are exchanged on the way in and out */
    TokenService(STSPropertiesMBean properties, Control control, boolean year2005) throws Exception {
        this.control = control;
        this.year2005 = year2005;
        DefaultConditionsProvider conditions = new DefaultConditionsProvider();
        conditions.setAcceptClientLifetime(true);
        conditions.setFailLifetimeExceedance(false);
        conditions.setLifetime(300);
        conditions.setMaxLifetime(3600);
        TokenStore store = new MemoryTokenStore();
        SAMLTokenProvider provider = new Provider();
        provider.setConditionsProvider(conditions);

        TokenIssueOperation issue = prepare(new TokenIssueOperation(), properties, store);
        issue.setTokenProviders(List.of(provider));
        issue.setDelegationHandlers(List.of(new UsernameTokenDelegationHandler(), new SAMLDelegationHandler(), new Certificates()));
        setIssueOperation(issue);
        TokenRenewOperation renew = prepare(new TokenRenewOperation(), properties, store);
        SAMLTokenRenewer renewer = new SAMLTokenRenewer();
        renewer.setConditionsProvider(conditions);
        renewer.setVerifyProofOfPossession(false);
        renew.setTokenRenewers(List.of(renewer));
        setRenewOperation(renew);
        TokenValidateOperation validate = prepare(new TokenValidateOperation(), properties, store);
        validate.setTokenProviders(List.of(provider));
        setValidateOperation(validate);
        TokenCancelOperation cancel = prepare(new TokenCancelOperation(), properties, store);
        cancel.setTokenCancellers(List.of(new Canceller()));
        setCancelOperation(cancel);
    }

    private <T extends AbstractOperation> T prepare(T operation, STSPropertiesMBean properties, TokenStore store) {
        operation.setStsProperties(properties);
        operation.setTokenStore(store);
        StaticService anyService = new StaticService();
        anyService.setEndpoints(List.of("urn:example:.*"));
        operation.setServices(List.of(anyService));
        operation.setTokenValidators(List.of(new Validator(), new UsernameTokenValidator(), new X509TokenValidator()));
        StaticClaimsHandler claims = new StaticClaimsHandler();
        claims.setGlobalClaims(Map.of(ROLE, "buyer"));
        ClaimsManager manager = new ClaimsManager();
        manager.setClaimHandlers(List.of(claims));
        operation.setClaimsManager(manager);
        operation.setReturnReferences(true);
        return operation;
    }

    @Override
    public Source invoke(Source request) {
        try {
            Element body = StaxUtils.read(request).getDocumentElement();
            if (year2005) {
                body = rename(rename(body, NO_PROOF_KEY, TRUST_13 + "/Bearer"), TRUST_2005, TRUST_13);
            }
            String type = body.getElementsByTagNameNS(TRUST_13, "RequestType").item(0).getTextContent().trim();
            String operation = type.substring(type.lastIndexOf('/') + 1);
            AnswerAction.set(PhaseInterceptorChain.getCurrentMessage(), operation);
            control.beforeOperation(operation);
            Source answer = super.invoke(new DOMSource(body));
            if (!year2005) {
                return answer;
            }
            DOMResult tree = new DOMResult();
            TransformerFactory.newInstance().newTransformer().transform(answer, tree);
            Element root = ((Document) tree.getNode()).getDocumentElement();
            // In 2005-02 the answer to one request is no collection.
            boolean collection = root.getLocalName().equals("RequestSecurityTokenResponseCollection");
            return new DOMSource(rename(collection ? (Element) root.getFirstChild() : root, TRUST_13, TRUST_2005));
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    private static Element rename(Element element, String from, String to) throws Exception {
        return StaxUtils.read(new StringReader(StaxUtils.toString(element).replace(from, to))).getDocumentElement();
    }

    private static String idOf(ReceivedToken token) {
        Element element = (Element) token.getToken();
        return element.hasAttribute("ID") ? element.getAttribute("ID") : element.getAttribute("AssertionID");
    }

    /**
     * CXF wipes the secret before it writes the answer. Where the secret is its own alone, that is the very array that the answer
     * is made of, and callers would get zeros; so it gets a copy.
     */
    private static final class Provider extends SAMLTokenProvider {
        @Override
        public TokenProviderResponse createToken(TokenProviderParameters parameters) {
            KeyRequirements key = parameters.getKeyRequirements();
            if (!STSConstants.SYMMETRIC_KEY_KEYTYPE.equals(key.getKeyType()) || key.getEntropy() != null) {
                return super.createToken(parameters);
            }
            byte[] secret = new byte[(int) (key.getKeySize() > 0 ? key.getKeySize() : 256) / 8];
            new SecureRandom().nextBytes(secret);
            BinarySecret given = new BinarySecret();
            given.setBinarySecretType(STSConstants.SYMMETRIC_KEY_TYPE);
            given.setBinarySecretValue(secret.clone());
            Entropy entropy = new Entropy();
            entropy.setBinarySecret(given);
            key.setEntropy(entropy);
            TokenProviderResponse response = super.createToken(parameters);
            response.setEntropy(secret);
            return response;
        }
    }

    private final class Validator extends SAMLTokenValidator {
        @Override
        public TokenValidatorResponse validateToken(TokenValidatorParameters parameters) {
            TokenValidatorResponse response = super.validateToken(parameters);
            if (cancelled.contains(idOf(parameters.getToken()))) {
                response.getToken().setState(STATE.INVALID);
            }
            return response;
        }
    }

    private final class Canceller implements TokenCanceller {
        private final SAMLTokenValidator assertions = new SAMLTokenValidator();

        @Override
        public boolean canHandleToken(ReceivedToken token) {
            return assertions.canHandleToken(token);
        }

        @Override
        public TokenCancellerResponse cancelToken(TokenCancellerParameters parameters) {
            cancelled.add(idOf(parameters.getToken()));
            parameters.getToken().setState(STATE.CANCELLED);
            TokenCancellerResponse response = new TokenCancellerResponse();
            response.setToken(parameters.getToken());
            return response;
        }

        @Override
        public void setVerifyProofOfPossession(boolean verify) {
            throw new UnsupportedOperationException();
        }
    }

    /** Lets anyone who may ask for tokens do so for the owner of a trusted certificate. */
    private static final class Certificates implements TokenDelegationHandler {
        private final X509TokenValidator certificates = new X509TokenValidator();

        @Override
        public boolean canHandleToken(ReceivedToken token) {
            return certificates.canHandleToken(token);
        }

        @Override
        public TokenDelegationResponse isDelegationAllowed(TokenDelegationParameters parameters) {
            TokenDelegationResponse response = new TokenDelegationResponse();
            response.setToken(parameters.getToken());
            response.setDelegationAllowed(parameters.getToken().getState() == STATE.VALID);
            return response;
        }
    }
}
