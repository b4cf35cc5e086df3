package cxf;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.cxf.Bus;
import org.apache.cxf.BusFactory;

/**
 * Apache CXF on both sides of WSDLs with WS-SecurityPolicy, on loopback. Arguments: a folder with PEM files (`service` and
 * `client` with their keys, `ca`), a folder of WSDLs, a port, and the one user. Publishes a service for each `NAME.wsdl` at
 * `/NAME`, writes a line `ready`, and then answers each command line with a line:
 * `call NAME URL ITEM` calls a service as its WSDL wants it, at another address: `ok RECEIPT` or `failed REASON`. It ends with its
 * standard input.
 */
public final class WsdlMain {
    private WsdlMain() {
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = System.out;
        System.setOut(System.err);
        Path folder = Path.of(arguments[1]);
        String root = "http://127.0.0.1:" + arguments[2];
        Bus bus = BusFactory.newInstance().createBus();
        BusFactory.setDefaultBus(bus);
        WsdlSide side = new WsdlSide(new Keys(Path.of(arguments[0])), arguments[3], arguments[4]);
        WsdlServices services = new WsdlServices(bus, side);
        for (Path wsdl : wsdls(folder)) {
            services.publish(root, wsdl);
        }
        WsdlClient client = new WsdlClient(folder, side);
        answers.println("ready");
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split(" ", 4);
            answers.println(client.call(words[1], words[2], words[3]));
        }
        System.exit(0);
    }

    private static List<Path> wsdls(Path folder) throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".wsdl")).sorted().toList();
        }
    }
}
