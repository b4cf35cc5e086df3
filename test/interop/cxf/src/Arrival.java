package cxf;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.apache.cxf.interceptor.Fault;
import org.apache.cxf.message.Message;
import org.apache.cxf.phase.AbstractPhaseInterceptor;
import org.apache.cxf.phase.Phase;
import org.apache.cxf.transport.http.AbstractHTTPDestination;

/** Counts requests before anything looks into them, and answers those to a broken token service. */
final class Arrival extends AbstractPhaseInterceptor<Message> {
    private final Control control;
    private final boolean tokenService;

    Arrival(Control control, boolean tokenService) {
        super(Phase.RECEIVE);
        this.control = control;
        this.tokenService = tokenService;
    }

    @Override
    public void handleMessage(Message message) {
        control.count(tokenService ? "asked" : "received");
        if (!tokenService || control.httpFailure() == 0) {
            return;
        }
        try {
            ((HttpServletResponse) message.get(AbstractHTTPDestination.HTTP_RESPONSE)).sendError(control.httpFailure());
        } catch (IOException failure) {
            throw new Fault(failure);
        }
        message.getInterceptorChain().abort();
    }
}
