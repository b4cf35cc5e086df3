package cxf;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.apache.cxf.Bus;
import org.apache.cxf.BusFactory;
import org.apache.cxf.transport.http_jetty.JettyHTTPServerEngineFactory;

/**
 * Apache CXF on both sides of WSDLs with WS-SecurityPolicy, on loopback. Arguments: a folder with PEM files (`service` and
 * `client` with their keys, `ca`), a folder of WSDLs, a port for HTTP and one for HTTPS, and the one user. Publishes a service for
 * each `NAME.wsdl` at `/NAME`, over HTTPS where the WSDL's own address is such a one, writes a line `ready`, and then answers each command line with a line:
 * `call NAME URL ITEM` calls a service as its WSDL wants it, at another address: `ok RECEIPT` or `failed REASON`. For WSDLs with
 * binary orders that is `mtom NAME URL SIZE` or `attached NAME URL SIZE`. It ends with its standard input.
 */
public final class WsdlMain {
    private WsdlMain() {
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = System.out;
        System.setOut(System.err);
        Path folder = Path.of(arguments[1]);
        Keys keys = new Keys(Path.of(arguments[0]));
        trust(keys);
        Bus bus = BusFactory.newInstance().createBus();
        BusFactory.setDefaultBus(bus);
        bus.getOutInterceptors().add(new OwnAttachments());
        bus.getExtension(JettyHTTPServerEngineFactory.class)
            .setTLSServerParametersForPort("127.0.0.1", Integer.parseInt(arguments[3]), Main.tls(keys, "service"));
        WsdlSide side = new WsdlSide(keys, arguments[4], arguments[5]);
        WsdlServices services = new WsdlServices(bus, side);
        for (Path wsdl : wsdls(folder)) {
            boolean tls = Files.readString(wsdl).contains("location=\"https:");
            services.publish(tls ? "https://127.0.0.1:" + arguments[3] : "http://127.0.0.1:" + arguments[2], wsdl);
        }
        WsdlClient client = new WsdlClient(folder, side);
        answers.println("ready");
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split(" ", 4);
            answers.println(switch (words[0]) {
                case "mtom" -> client.mtom(words[1], words[2], Integer.parseInt(words[3]));
                case "attached" -> client.attached(words[1], words[2], Integer.parseInt(words[3]));
                default -> client.call(words[1], words[2], words[3]);
            });
        }
        System.exit(0);
    }

    /** Whom clients of this process believe over TLS. */
    private static void trust(Keys keys) throws Exception {
        TrustManagerFactory servers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        servers.init(keys.trustStore("ca"));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, servers.getTrustManagers(), null);
        SSLContext.setDefault(context);
    }

    private static List<Path> wsdls(Path folder) throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".wsdl")).sorted().toList();
        }
    }
}
