package cxf;

import jakarta.jws.WebParam;
import jakarta.jws.WebResult;
import jakarta.jws.WebService;

/** The port type of those WSDLs whose orders are binary: what they hold may travel in parts of its own (MTOM). */
@WebService(name = "OrderPort", targetNamespace = Orders.NAMESPACE)
public interface Documents {
    @WebResult(name = "receipt", targetNamespace = Orders.NAMESPACE)
    byte[] order(@WebParam(name = "item", targetNamespace = Orders.NAMESPACE) byte[] item);
}
