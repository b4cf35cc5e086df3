import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One request or answer: `key=value` lines and a payload of bytes, each preceded by its length as a 32 bit number.
 * Values hold no line end.
 */
final class Frame {
    final Map<String, String> fields = new LinkedHashMap<>();
    byte[] payload = new byte[0];

    /** Reads the next frame; null at the end of the input. */
    static Frame read(DataInputStream in) throws IOException {
        int headerLength;
        try {
            headerLength = in.readInt();
        } catch (EOFException end) {
            return null;
        }
        Frame frame = new Frame();
        String header = new String(in.readNBytes(headerLength), StandardCharsets.UTF_8);
        for (String line : header.split("\n")) {
            int equals = line.indexOf('=');
            if (equals > 0) {
                frame.fields.put(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        frame.payload = in.readNBytes(in.readInt());
        return frame;
    }

    void write(DataOutputStream out) throws IOException {
        StringBuilder header = new StringBuilder();
        fields.forEach((key, value) ->
            header.append(key).append('=').append(String.valueOf(value).replace('\n', ' ')).append('\n'));
        byte[] bytes = header.toString().getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
        out.writeInt(payload.length);
        out.write(payload);
        out.flush();
    }

    boolean has(String key) {
        return fields.containsKey(key);
    }

    String get(String key) {
        String value = fields.get(key);
        if (value == null) {
            throw new IllegalArgumentException("request lacks " + key);
        }
        return value;
    }

    String get(String key, String fallback) {
        return fields.getOrDefault(key, fallback);
    }

    boolean flag(String key, boolean fallback) {
        return has(key) ? Boolean.parseBoolean(get(key)) : fallback;
    }

    /** A list written as `a;b;c`. */
    List<String> list(String key) {
        String value = get(key, "");
        return value.isEmpty() ? new ArrayList<>() : Arrays.asList(value.split(";"));
    }
}
