package cxf;

import jakarta.xml.ws.soap.SOAPBinding;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.cxf.Bus;
import org.apache.cxf.jaxws.EndpointImpl;
import org.apache.cxf.phase.PhaseInterceptor;
import org.apache.cxf.rt.security.SecurityConstants;
import org.apache.cxf.sts.StaticSTSProperties;
import org.apache.cxf.ws.addressing.WSAddressingFeature;
import org.apache.cxf.ws.security.wss4j.WSS4JInInterceptor;
import org.apache.cxf.ws.security.wss4j.WSS4JOutInterceptor;
import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.dom.handler.WSHandlerConstants;

/** All addresses that there are: `/soap11/NAME` and `/soap12/NAME`. */
final class Endpoints {
    private static final String RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    private static final String HMAC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
    private static final Map<String, String> BINDINGS =
        Map.of("soap11", SOAPBinding.SOAP11HTTP_BINDING, "soap12", SOAPBinding.SOAP12HTTP_BINDING);

    private final Bus bus;
    private final Keys keys;
    private final Control control;

    Endpoints(Bus bus, Keys keys, Control control) {
        this.bus = bus;
        this.keys = keys;
        this.control = control;
    }

    void publishTokenService(String root, String user, String password) throws Exception {
        Crypto crypto = keys.crypto("sts", keys.trustStore("ca", "sts"));
        StaticSTSProperties properties = new StaticSTSProperties();
        properties.setIssuer("urn:example:sts");
        properties.setSignatureCrypto(crypto);
        properties.setSignatureUsername("sts");
        // CXF looks here also for whom it trusts when a certificate is handed on.
        properties.setEncryptionCrypto(keys.recipient("service", keys.trustStore("ca")));
        properties.setEncryptionUsername("service");
        properties.setCallbackHandler(Keys.passwords(user, password));
        properties.getSignatureProperties().setSignatureAlgorithm(RSA_SHA256);
        TokenService service = new TokenService(properties, control, false);
        Map<String, Object> settings = new HashMap<>(Map.of(
            SecurityConstants.SIGNATURE_CRYPTO, crypto,
            SecurityConstants.ENCRYPT_CRYPTO, crypto,
            SecurityConstants.SIGNATURE_USERNAME, "sts",
            SecurityConstants.CALLBACK_HANDLER, Keys.passwords(user, password),
            org.apache.cxf.ws.security.SecurityConstants.ASYMMETRIC_SIGNATURE_ALGORITHM, RSA_SHA256));
        Map<String, String> demands = Map.of(
            "username-text", Policies.USERNAME_TEXT, "username-digest", Policies.USERNAME_DIGEST,
            "x509", Policies.CERTIFICATE, "x509-signed", Policies.CERTIFICATE_BOTH_WAYS, "mtls", Policies.CLIENT_CERTIFICATE);
        for (String version : BINDINGS.keySet()) {
            for (String name : demands.keySet()) {
                EndpointImpl endpoint = endpoint(service, version, settings);
                endpoint.getFeatures().add(Policies.feature(demands.get(name)));
                endpoint.getFeatures().add(new WSAddressingFeature());
                endpoint.getOutInterceptors().add(new AnswerAction());
                publish(endpoint, root, version, name, name.equals("mtls") ? new ClientCertificate() : null);
            }
            EndpointImpl old = endpoint(new TokenService(properties, control, true), version, settings);
            old.getFeatures().add(Policies.feature(Policies.USERNAME_TEXT));
            publish(old, root, version, "username-text-2005", null);
            publish(encrypting(endpoint(service, version, settings), crypto), root, version, "x509-encrypted", null);
        }
    }

    /** A signature over Body and Timestamp in, a signature and encryption for its signer out. */
    private static EndpointImpl encrypting(EndpointImpl endpoint, Crypto crypto) {
        Map<String, Object> in = Map.of(
            WSHandlerConstants.ACTION, "Timestamp Signature",
            WSHandlerConstants.SIG_VER_PROP_REF_ID, "crypto", "crypto", crypto);
        Map<String, Object> out = new HashMap<>(in);
        out.put(WSHandlerConstants.ACTION, "Timestamp Signature Encrypt");
        out.put(WSHandlerConstants.USER, "sts");
        out.put(WSHandlerConstants.SIG_PROP_REF_ID, "crypto");
        out.put(WSHandlerConstants.ENC_PROP_REF_ID, "crypto");
        out.put(WSHandlerConstants.PW_CALLBACK_REF, Keys.passwords("", ""));
        out.put(WSHandlerConstants.SIG_ALGO, RSA_SHA256);
        out.put(WSHandlerConstants.SIG_DIGEST_ALGO, "http://www.w3.org/2001/04/xmlenc#sha256");
        out.put(WSHandlerConstants.SIG_KEY_ID, "DirectReference");
        out.put(WSHandlerConstants.SIGNATURE_PARTS,
            "Body;{Element}{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Timestamp");
        out.put(WSHandlerConstants.ENC_SYM_ALGO, "http://www.w3.org/2009/xmlenc11#aes256-gcm");
        out.put(WSHandlerConstants.ENC_KEY_TRANSPORT, "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p");
        out.put(WSHandlerConstants.ENCRYPTION_USER, WSHandlerConstants.USE_REQ_SIG_CERT);
        endpoint.getInInterceptors().add(new WSS4JInInterceptor(in));
        endpoint.getOutInterceptors().add(new WSS4JOutInterceptor(out));
        return endpoint;
    }

    void publishOrderService(String root, SeenTokens tokens) throws Exception {
        Crypto crypto = keys.crypto("service", keys.onlyTrusting("sts"));
        OrderService service = new OrderService(control);
        Map<String, Object> settings = Map.of(
            SecurityConstants.SIGNATURE_CRYPTO, crypto,
            SecurityConstants.ENCRYPT_CRYPTO, crypto,
            SecurityConstants.SIGNATURE_USERNAME, "service",
            SecurityConstants.CALLBACK_HANDLER, Keys.passwords("", ""),
            SecurityConstants.AUDIENCE_RESTRICTIONS, "urn:example:orders",
            org.apache.cxf.ws.security.SecurityConstants.SAML1_TOKEN_VALIDATOR, tokens,
            org.apache.cxf.ws.security.SecurityConstants.SAML2_TOKEN_VALIDATOR, tokens,
            org.apache.cxf.ws.security.SecurityConstants.ASYMMETRIC_SIGNATURE_ALGORITHM, RSA_SHA256,
            org.apache.cxf.ws.security.SecurityConstants.SYMMETRIC_SIGNATURE_ALGORITHM, HMAC_SHA256);
        Map<String, String> demands =
            Map.of("bearer", Policies.BEARER, "symmetric", Policies.SYMMETRIC, "public", Policies.PUBLIC);
        for (String version : BINDINGS.keySet()) {
            publish(endpoint(service, version, Map.of()), root, version, "open", null);
            for (String name : demands.keySet()) {
                for (boolean tells : List.of(true, false)) {
                    EndpointImpl endpoint = endpoint(service, version, settings);
                    endpoint.getProperties()
                        .put(org.apache.cxf.ws.security.SecurityConstants.RETURN_SECURITY_ERROR, tells);
                    endpoint.getFeatures().add(Policies.feature(demands.get(name)));
                    publish(endpoint, root, version, tells ? name : name + "-silent", null);
                }
            }
        }
    }

    private EndpointImpl endpoint(Object implementor, String version, Map<String, Object> settings) {
        EndpointImpl endpoint = new EndpointImpl(bus, implementor, BINDINGS.get(version));
        endpoint.setProperties(new HashMap<>(settings));
        return endpoint;
    }

    private void publish(EndpointImpl endpoint, String root, String version, String name, PhaseInterceptor<?> more) {
        boolean tokenService = endpoint.getImplementor() instanceof TokenService;
        endpoint.getInInterceptors().add(new Arrival(control, tokenService));
        if (more != null) {
            endpoint.getInInterceptors().add(more);
        }
        endpoint.publish(root + "/" + version + "/" + name);
    }
}
