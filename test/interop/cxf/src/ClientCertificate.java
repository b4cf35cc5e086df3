package cxf;

import java.security.Principal;
import java.security.cert.X509Certificate;
import org.apache.cxf.message.Message;
import org.apache.cxf.phase.AbstractPhaseInterceptor;
import org.apache.cxf.phase.Phase;
import org.apache.cxf.security.SecurityContext;
import org.apache.cxf.security.transport.TLSSessionInfo;

/** The caller is who its TLS certificate says. */
final class ClientCertificate extends AbstractPhaseInterceptor<Message> {
    ClientCertificate() {
        super(Phase.PRE_INVOKE);
    }

    @Override
    public void handleMessage(Message message) {
        // The policy has demanded that there be one.
        X509Certificate certificate = (X509Certificate) message.get(TLSSessionInfo.class).getPeerCertificates()[0];
        message.put(SecurityContext.class, new SecurityContext() {
            @Override
            public Principal getUserPrincipal() {
                return certificate.getSubjectX500Principal();
            }

            @Override
            public boolean isUserInRole(String role) {
                return false;
            }
        });
    }
}
