package cxf;

import jakarta.jws.WebParam;
import jakarta.jws.WebResult;
import jakarta.jws.WebService;

/** The port type of every WSDL that comes from the tests: what they differ in is their policies. */
@WebService(name = "OrderPort", targetNamespace = Orders.NAMESPACE)
public interface Orders {
    String NAMESPACE = "urn:example:orders";

    @WebResult(name = "receipt", targetNamespace = NAMESPACE)
    String order(@WebParam(name = "item", targetNamespace = NAMESPACE) String item);
}
