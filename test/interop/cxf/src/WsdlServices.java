package cxf;

import jakarta.annotation.Resource;
import jakarta.jws.WebService;
import jakarta.xml.ws.WebServiceContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Principal;
import javax.xml.namespace.QName;
import org.apache.cxf.Bus;
import org.apache.cxf.jaxws.EndpointImpl;
import org.apache.cxf.message.Message;

/** A service for each WSDL, which demands what that says and nothing that is written here. */
final class WsdlServices {
    private static final QName SERVICE = new QName(Orders.NAMESPACE, "OrderService");
    private static final QName PORT = new QName(Orders.NAMESPACE, "OrderPort");

    private final Bus bus;
    private final WsdlSide side;

    WsdlServices(Bus bus, WsdlSide side) {
        this.bus = bus;
        this.side = side;
    }

    void publish(String root, Path wsdl) throws Exception {
        String text = Files.readString(wsdl);
        Object service = text.contains("base64Binary") ? new Archive() : new Shop();
        EndpointImpl endpoint = new EndpointImpl(bus, service);
        endpoint.setWsdlLocation(wsdl.toUri().toString());
        endpoint.setServiceName(SERVICE);
        endpoint.setEndpointName(PORT);
        endpoint.setProperties(side.service());
        endpoint.getProperties().put(Message.MTOM_ENABLED, text.contains("OptimizedMimeSerialization"));
        endpoint.publish(root + "/" + wsdl.getFileName().toString().replace(".wsdl", ""));
    }

    /** Answers with what was ordered, and with whom CXF took the caller for. */
    @WebService(endpointInterface = "cxf.Orders", targetNamespace = Orders.NAMESPACE,
        serviceName = "OrderService", portName = "OrderPort")
    public static final class Shop implements Orders {
        @Resource
        private WebServiceContext context;

        @Override
        public String order(String item) {
            Principal caller = context.getUserPrincipal();
            return item + " for " + (caller == null ? "nobody" : caller.getName());
        }
    }
}
