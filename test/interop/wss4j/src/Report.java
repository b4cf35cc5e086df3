import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** What an engine proved of a message: named sets of values. */
final class Report {
    private final Map<String, TreeSet<String>> facts = new LinkedHashMap<>();

    void add(String name, List<String> values) {
        facts.computeIfAbsent(name, key -> new TreeSet<>()).addAll(values);
    }

    void copyTo(Frame answer) {
        facts.forEach((name, values) -> answer.fields.put(name, String.join(";", values)));
    }
}
