package cxf;

import jakarta.activation.DataHandler;
import jakarta.annotation.Resource;
import jakarta.jws.WebService;
import jakarta.mail.util.ByteArrayDataSource;
import jakarta.xml.ws.WebServiceContext;
import jakarta.xml.ws.handler.MessageContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Map;
import org.apache.cxf.attachment.AttachmentImpl;
import org.apache.cxf.message.Attachment;
import org.apache.cxf.phase.PhaseInterceptorChain;

/** Gives back what it gets with every bit turned over, and every attachment likewise. */
@WebService(endpointInterface = "cxf.Documents", targetNamespace = Orders.NAMESPACE,
    serviceName = "OrderService", portName = "OrderPort")
public final class Archive implements Documents {
    @Resource
    private WebServiceContext context;

    @Override
    public byte[] order(byte[] item) {
        Collection<Attachment> answers = new ArrayList<>();
        attachments(context.getMessageContext()).forEach((id, content) ->
            answers.add(new AttachmentImpl("answer-" + id, handler(inverted(octets(content))))));
        if (!answers.isEmpty()) {
            PhaseInterceptorChain.getCurrentMessage().getExchange().put(OwnAttachments.ANSWERS, answers);
        }
        return inverted(item);
    }

    /** What came beside the envelope. */
    @SuppressWarnings("unchecked")
    static Map<String, DataHandler> attachments(Map<String, Object> context) {
        Object found = context.get(MessageContext.INBOUND_MESSAGE_ATTACHMENTS);
        return found == null ? Map.of() : (Map<String, DataHandler>) found;
    }

    static DataHandler handler(byte[] octets) {
        return new DataHandler(new ByteArrayDataSource(octets, "application/octet-stream"));
    }

    static byte[] octets(DataHandler content) {
        try (var stream = content.getInputStream()) {
            return stream.readAllBytes();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    static byte[] inverted(byte[] octets) {
        byte[] result = octets.clone();
        for (int i = 0; i < result.length; i++) {
            result[i] ^= (byte) 0xff;
        }
        return result;
    }
}
