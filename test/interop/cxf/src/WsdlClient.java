package cxf;

import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Service;
import jakarta.xml.ws.handler.MessageContext;
import jakarta.xml.ws.soap.MTOMFeature;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import javax.xml.namespace.QName;

/** Calls services as their WSDLs want to be called. */
final class WsdlClient {
    private static final QName SERVICE = new QName(Orders.NAMESPACE, "OrderService");
    private static final QName PORT = new QName(Orders.NAMESPACE, "OrderPort");

    private final Path folder;
    private final WsdlSide side;

    WsdlClient(Path folder, WsdlSide side) {
        this.folder = folder;
        this.side = side;
    }

    /** @return one line: `ok RECEIPT`, or `failed` and why */
    String call(String name, String url, String item) {
        return orFailure(() -> prepared(name, url, Orders.class).order(item));
    }

    /** Sends that many octets by MTOM. @return `ok`, or `failed` and why: also when they do not come back inverted */
    String mtom(String name, String url, int size) {
        return orFailure(() -> {
            byte[] sent = octets(size);
            return compare(sent, prepared(name, url, Documents.class, new MTOMFeature(true)).order(sent));
        });
    }

    /** The same in an attachment beside the envelope. */
    String attached(String name, String url, int size) {
        return orFailure(() -> {
            byte[] sent = octets(size);
            Documents documents = prepared(name, url, Documents.class);
            BindingProvider port = (BindingProvider) documents;
            port.getRequestContext().put(MessageContext.OUTBOUND_MESSAGE_ATTACHMENTS,
                Map.of("document@example", Archive.handler(sent)));
            documents.order(new byte[] {1, 2, 3});
            var answers = Archive.attachments(port.getResponseContext()).values().iterator();
            return answers.hasNext() ? compare(sent, Archive.octets(answers.next())) : "no attachment";
        });
    }

    private <P> P prepared(String name, String url, Class<P> type, MTOMFeature... features) throws Exception {
        Service service = Service.create(folder.resolve(name + ".wsdl").toUri().toURL(), SERVICE);
        P port = service.getPort(PORT, type, features);
        var context = ((BindingProvider) port).getRequestContext();
        context.putAll(side.client());
        context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, url);
        return port;
    }

    /** Any octets, not only text. */
    private static byte[] octets(int size) {
        byte[] octets = new byte[size];
        new Random(size).nextBytes(octets);
        return octets;
    }

    private static String compare(byte[] sent, byte[] answer) {
        return Arrays.equals(Archive.inverted(sent), answer) ? "inverted" : "other octets: " + answer.length;
    }

    private interface Call {
        String run() throws Exception;
    }

    private static String orFailure(Call call) {
        try {
            return "ok " + call.run();
        } catch (Exception failure) {
            StringBuilder reasons = new StringBuilder("failed");
            for (Throwable each = failure; each != null; each = each.getCause()) {
                reasons.append(' ').append(String.valueOf(each.getMessage()).replaceAll("\\s+", " ")).append(';');
            }
            return reasons.toString();
        }
    }
}
