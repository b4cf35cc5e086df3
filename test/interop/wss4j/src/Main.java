import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.security.Provider;
import java.security.Security;
import java.util.Base64;
import org.apache.wss4j.dom.engine.WSSConfig;

/** Apache WSS4J behind a pipe: reads requests from standard input and answers on standard output until it ends. */
public final class Main {
    private final KeyRing keys;

    private Main() throws Exception {
        keys = new KeyRing();
    }

    public static void main(String[] arguments) throws Exception {
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 16));
        System.setOut(new PrintStream(System.err));
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
        WSSConfig.init();
        if (arguments.length > 0 && arguments[0].equals("conscrypt")) {
            Security.insertProviderAt(
                (Provider) Class.forName("org.conscrypt.OpenSSLProvider").getConstructor().newInstance(), 1);
        }
        Main main = new Main();
        for (Frame request = Frame.read(in); request != null; request = Frame.read(in)) {
            main.answer(request).write(out);
        }
    }

    private Frame answer(Frame request) {
        try {
            Frame answer = perform(request);
            answer.fields.put("ok", "true");
            return answer;
        } catch (Exception failure) {
            Frame answer = new Frame();
            answer.fields.put("ok", "false");
            answer.fields.put("error", describe(failure));
            return answer;
        }
    }

    private Frame perform(Frame request) throws Exception {
        Frame answer = new Frame();
        switch (request.get("op")) {
            case "key" -> keys.addPrivateKey(request.get("name"), Path.of(request.get("key")), Path.of(request.get("chain")));
            case "trust" -> keys.addTrusted(request.get("name"), Path.of(request.get("certificate")));
            case "user" -> keys.addUser(request.get("name"), request.get("password"));
            case "secret" -> keys.addSecret(request.get("name"), Base64.getDecoder().decode(request.get("value")));
            case "normalize" -> answer.payload = Dom.normalize(request.payload);
            case "saml" -> answer.payload = new Saml(request, keys).secure(request.payload);
            case "derived" -> answer.payload = Derived.secure(request, keys);
            case "secure" -> answer.payload = secure(request).run(request.payload);
            case "verify" -> {
                Report report = new Report();
                answer.payload = verify(request, report).run(request.payload);
                report.copyTo(answer);
            }
            case "swa.secure" -> answer.payload = Swa.secure(request, keys);
            case "swa.verify" -> answer.payload = Swa.verify(request, keys);
            case "samlCheck" -> {
                return SamlCheck.run(request, keys);
            }
            case "kerberos.secure" -> answer.payload = new Kerberos(request).secure(request.payload);
            case "kerberos.verify" -> {
                Report report = new Report();
                answer.payload = new Kerberos(request).verify(request.payload, report);
                report.copyTo(answer);
            }
            case "bench" -> {
                return Bench.run(
                    request.get("measure").equals("secure") ? secure(request) : verify(request, new Report()),
                    request.payload, Long.parseLong(request.get("milliseconds")), Integer.parseInt(request.get("atLeast")));
            }
            case "bsp" -> answer.fields.put("rules", String.join(";", new Bsp(keys).rules(request.payload)));
            default -> throw new IllegalArgumentException("unknown operation " + request.get("op"));
        }
        return answer;
    }

    private Bench.Operation secure(Frame request) throws Exception {
        return switch (request.get("engine")) {
            case "dom" -> new DomSecure(request, keys)::secure;
            case "stax" -> new StaxSecure(request, keys)::secure;
            default -> new Xmldsig(request, keys)::secure;
        };
    }

    private Bench.Operation verify(Frame request, Report report) throws Exception {
        return switch (request.get("engine")) {
            case "dom" -> {
                DomVerify engine = new DomVerify(request, keys);
                yield message -> engine.verify(message, report);
            }
            case "stax" -> {
                StaxVerify engine = new StaxVerify(request, keys);
                yield message -> engine.verify(message, report);
            }
            default -> {
                Xmldsig engine = new Xmldsig(request, keys);
                yield message -> engine.verify(message, report);
            }
        };
    }

    private static String describe(Throwable failure) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            text.append(text.length() == 0 ? "" : " <- ").append(cause.getClass().getSimpleName())
                .append(": ").append(cause.getMessage());
        }
        return text.toString();
    }
}
