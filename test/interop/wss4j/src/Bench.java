import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/** Runs one operation until the process has used some CPU time, and counts how often that was. */
final class Bench {
    private static final OperatingSystemMXBean SYSTEM =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    /** How often the CPU time is looked at, which is itself not free. */
    private static final long LOOK_NANOS = 5_000_000;

    interface Operation {
        byte[] run(byte[] message) throws Exception;
    }

    private Bench() { }

    static Frame run(Operation operation, byte[] message, long milliseconds, int atLeast) throws Exception {
        long[] durations = new long[1 << 16];
        int count = 0;
        int produced = 0;
        long cpu = SYSTEM.getProcessCpuTime();
        long before = System.nanoTime();
        long begin = before;
        long looked = before;
        boolean enough = false;
        while ((!enough || count < atLeast) && count < durations.length) {
            produced = operation.run(message).length;
            long after = System.nanoTime();
            durations[count++] = after - before;
            before = after;
            if (after > looked + LOOK_NANOS) {
                looked = after;
                enough = SYSTEM.getProcessCpuTime() - cpu >= milliseconds * 1_000_000;
            }
        }
        long spent = SYSTEM.getProcessCpuTime() - cpu;
        Arrays.sort(durations, 0, count);
        Frame answer = new Frame();
        answer.fields.put("count", String.valueOf(count));
        answer.fields.put("cpuNanos", String.valueOf(spent));
        answer.fields.put("wallNanos", String.valueOf(before - begin));
        answer.fields.put("p50Nanos", String.valueOf(durations[count / 2]));
        answer.fields.put("p99Nanos", String.valueOf(durations[Math.min(count - 1, count * 99 / 100)]));
        answer.fields.put("produced", String.valueOf(produced));
        return answer;
    }
}
