package cxf;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import javax.xml.namespace.QName;
import org.apache.cxf.binding.soap.SoapFault;

/** What the test has asked for, and what has happened. */
final class Control {
    private static final String TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";

    private final Map<String, AtomicLong> counts = new ConcurrentHashMap<>();
    private final Map<String, Long> delays = new ConcurrentHashMap<>();
    private final Map<String, String> failures = new ConcurrentHashMap<>();

    void count(String what) {
        counts.computeIfAbsent(what, key -> new AtomicLong()).incrementAndGet();
    }

    /** Does one operation of the token service as slowly, or as badly, as was asked for. */
    void beforeOperation(String operation) throws InterruptedException {
        count(operation);
        Thread.sleep(delays.getOrDefault(operation, 0L));
        String reason = failures.get(operation);
        if (reason != null) {
            throw new SoapFault("told to fail", new QName(TRUST, reason));
        }
    }

    /** HTTP status that all requests to the token service get instead of an answer; 0: none. */
    int httpFailure() {
        return Integer.parseInt(failures.getOrDefault("http", "0"));
    }

    /** One command line. @return one line: the counts for `counts` */
    String command(String line) {
        String[] words = line.split(" ");
        switch (words[0]) {
            case "delay" -> delays.put(words[1], Long.parseLong(words[2]));
            case "fail" -> failures.put(words[1], words[2]);
            case "mend" -> {
                delays.clear();
                failures.clear();
            }
            case "reset" -> counts.clear();
            case "counts" -> {
                return counts.entrySet().stream().map(each -> each.getKey() + "=" + each.getValue())
                    .collect(Collectors.joining(" "));
            }
            default -> throw new IllegalArgumentException("unknown command " + words[0]);
        }
        return "";
    }
}
