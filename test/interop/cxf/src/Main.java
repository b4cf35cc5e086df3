package cxf;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import org.apache.cxf.Bus;
import org.apache.cxf.BusFactory;
import org.apache.cxf.configuration.jsse.TLSServerParameters;
import org.apache.cxf.configuration.security.ClientAuthentication;
import org.apache.cxf.transport.http_jetty.JettyHTTPServerEngineFactory;

/**
 * Apache CXF's token service, and a service that demands its tokens, on loopback. Arguments: a folder with PEM files (`tls`, `sts`
 * and `service` with their keys, `ca`), the port of either service or 0, and the one user. When both listen it writes a line
 * `ready PORT PORT`; then it answers each command line with a line, and ends with its standard input.
 */
public final class Main {
    private Main() {
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = System.out;
        System.setOut(System.err);
        Keys keys = new Keys(Path.of(arguments[0]));
        int tokenPort = port(arguments[1]);
        int orderPort = port(arguments[2]);
        Bus bus = BusFactory.newInstance().createBus();
        BusFactory.setDefaultBus(bus);
        bus.getExtension(JettyHTTPServerEngineFactory.class).setTLSServerParametersForPort("127.0.0.1", tokenPort, tls(keys, "tls"));
        Control control = new Control();
        SeenTokens tokens = new SeenTokens(control);
        Endpoints endpoints = new Endpoints(bus, keys, control);
        endpoints.publishTokenService("https://127.0.0.1:" + tokenPort, arguments[3], arguments[4]);
        endpoints.publishOrderService("http://127.0.0.1:" + orderPort, tokens);
        answers.println("ready " + tokenPort + " " + orderPort);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            if (line.equals("revoke")) {
                tokens.revoke();
                answers.println();
            } else {
                answers.println(control.command(line));
            }
        }
        System.exit(0);
    }

    private static int port(String wanted) throws Exception {
        if (!wanted.equals("0")) {
            return Integer.parseInt(wanted);
        }
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    /** The certificate of one name, and a client's if it has one. */
    static TLSServerParameters tls(Keys keys, String name) throws Exception {
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys.keyStore(name), Keys.PASSWORD.toCharArray());
        TrustManagerFactory clients = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        clients.init(keys.trustStore("ca"));
        ClientAuthentication authentication = new ClientAuthentication();
        authentication.setWant(true);
        authentication.setRequired(false);
        TLSServerParameters parameters = new TLSServerParameters();
        parameters.setKeyManagers(own.getKeyManagers());
        parameters.setTrustManagers(clients.getTrustManagers());
        parameters.setClientAuthentication(authentication);
        return parameters;
    }
}
