package cxf;

import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Service;
import java.nio.file.Path;
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
        try {
            Service service = Service.create(folder.resolve(name + ".wsdl").toUri().toURL(), SERVICE);
            Orders orders = service.getPort(PORT, Orders.class);
            var context = ((BindingProvider) orders).getRequestContext();
            context.putAll(side.client());
            context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, url);
            return "ok " + orders.order(item);
        } catch (Exception failure) {
            StringBuilder reasons = new StringBuilder("failed");
            for (Throwable each = failure; each != null; each = each.getCause()) {
                reasons.append(' ').append(String.valueOf(each.getMessage()).replaceAll("\\s+", " ")).append(';');
            }
            return reasons.toString();
        }
    }
}
