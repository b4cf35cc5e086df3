package cxf;

import jakarta.annotation.Resource;
import jakarta.xml.ws.Provider;
import jakarta.xml.ws.Service;
import jakarta.xml.ws.ServiceMode;
import jakarta.xml.ws.WebServiceContext;
import jakarta.xml.ws.WebServiceProvider;
import java.io.StringReader;
import java.security.Principal;
import javax.xml.transform.Source;
import javax.xml.transform.stream.StreamSource;

/** What is behind the demand for a token: it answers with whom the token names. */
@WebServiceProvider
@ServiceMode(Service.Mode.PAYLOAD)
public final class OrderService implements Provider<Source> {
    private final Control control;

    @Resource
    private WebServiceContext context;

    OrderService(Control control) {
        this.control = control;
    }

    @Override
    public Source invoke(Source request) {
        control.count("accepted");
        Principal caller = context.getUserPrincipal();
        return new StreamSource(new StringReader("<o:Receipt xmlns:o=\"urn:example:shop\">"
            + (caller == null ? "" : caller.getName()) + "</o:Receipt>"));
    }
}
