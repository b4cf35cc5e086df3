package cxf;

import java.util.ArrayList;
import java.util.Collection;
import org.apache.cxf.attachment.AttachmentImpl;
import org.apache.cxf.message.Attachment;
import org.apache.cxf.message.Message;
import org.apache.cxf.phase.AbstractPhaseInterceptor;
import org.apache.cxf.phase.Phase;

/**
 * Gives a message its attachments in a list that can be changed: CXF's own view of what a client attaches refuses `remove`, by which
 * WSS4J takes away what it replaces; and what a service attaches through its context, CXF does not send.
 */
final class OwnAttachments extends AbstractPhaseInterceptor<Message> {
    /** Of an exchange: what the service attaches to its answer. */
    static final String ANSWERS = OwnAttachments.class.getName();

    OwnAttachments() {
        super(Phase.PREPARE_SEND);
    }

    @Override
    @SuppressWarnings("unchecked")
    public void handleMessage(Message message) {
        var answers = (Collection<Attachment>) message.getExchange().get(ANSWERS);
        var attachments = answers == null ? message.getAttachments() : answers;
        if (attachments != null) {
            attachments.forEach(OwnAttachments::nameHeaders);
            message.setAttachments(new ArrayList<>(attachments));
        }
    }

    /** CXF signs those headers that are set, and only later adds these two. */
    private static void nameHeaders(Attachment attachment) {
        if (attachment instanceof AttachmentImpl own) {
            own.setHeader("Content-ID", "<" + own.getId() + ">");
            own.setHeader("Content-Type", own.getDataHandler().getContentType());
        }
    }
}
