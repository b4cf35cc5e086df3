package cxf;

import org.apache.cxf.message.Message;
import org.apache.cxf.phase.AbstractPhaseInterceptor;
import org.apache.cxf.phase.Phase;
import org.apache.cxf.ws.addressing.ContextUtils;
import org.apache.cxf.ws.addressing.impl.MAPAggregatorImpl;

/** The wsa:Action of an answer, as the WSDL of WS-Trust 1.3 would give it; without a WSDL CXF would leave it empty. */
final class AnswerAction extends AbstractPhaseInterceptor<Message> {
    private static final String OPERATION = AnswerAction.class.getName();
    private static final String TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";

    AnswerAction() {
        super(Phase.PRE_LOGICAL);
        addBefore(MAPAggregatorImpl.class.getName());
    }

    /** Says which operation the request was for. */
    static void set(Message request, String operation) {
        request.getExchange().put(OPERATION, operation);
    }

    @Override
    public void handleMessage(Message answer) {
        String operation = (String) answer.getExchange().get(OPERATION);
        if (operation != null) {
            answer.put(ContextUtils.ACTION, TRUST + (operation.equals("Issue") ? "/RSTRC/" : "/RSTR/") + operation + "Final");
        }
    }
}
