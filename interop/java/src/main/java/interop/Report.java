package interop;

import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;

/** Prints one line for each check and counts them. A failed check ends its section. */
final class Report {
    /** Checks that build on one another. */
    interface Section {
        void run() throws Exception;
    }

    interface Call {
        Object run() throws Exception;
    }

    private static final class Failure extends RuntimeException {
        Failure(String message) {
            super(message);
        }
    }

    /** What the message of an error says whatever it is about. Those of 42205 have nothing in common. */
    private static final Map<Integer, String> MESSAGES = Map.ofEntries(
            Map.entry(40401, "not found."),
            Map.entry(40402, "not found."),
            Map.entry(40403, "not found"),
            Map.entry(40404, "was soft deleted.Set permanent=true to delete permanently"),
            Map.entry(40405, "was not deleted first before being permanently deleted"),
            Map.entry(40406, "was soft deleted.Set permanent=true to delete permanently"),
            Map.entry(40407, "was not deleted first before being permanently deleted"),
            Map.entry(40408, "does not have subject-level compatibility configured"),
            Map.entry(40409, "does not have subject-level mode configured"),
            Map.entry(40901, "Schema being registered is incompatible with an earlier schema for subject"),
            Map.entry(42201, "Invalid schema"),
            Map.entry(42203, "Invalid compatibility level."),
            Map.entry(42204, "Invalid mode."),
            Map.entry(42206, "One or more references exist to the schema"));

    private int sections;
    private int failed;
    private int passed;

    void section(String name, Section section) {
        sections++;
        try {
            section.run();
        } catch (Failure e) {
            failed++;
            System.out.println("FAIL " + name + ": " + e.getMessage());
        } catch (Exception | LinkageError e) {
            failed++;
            System.out.println("FAIL " + name + ":");
            e.printStackTrace(System.out);
        }
    }

    /** Prints the outcome and tells whether every check passed. */
    boolean summary() {
        if (failed > 0) {
            System.err.println("FAIL " + failed + " of " + sections + " sections; " + passed + " checks passed");
            return false;
        }
        System.out.println("OK " + passed + " checks");
        return true;
    }

    void equal(String name, Object got, Object want) {
        if (!Objects.equals(got, want)) {
            throw new Failure(name + ": got " + got + ", want " + want);
        }
        ok(name);
    }

    /** Passes if the call throws the registry's error of this status and code. Its message must say what is common to the code and every text. */
    void refused(String name, Call call, int status, int code, String... texts) throws Exception {
        Object got;
        try {
            got = call.run();
        } catch (RestClientException e) {
            if (e.getStatus() != status || e.getErrorCode() != code) {
                throw new Failure(name + ": refused with " + e.getStatus() + "/" + e.getErrorCode() + ", want " + status + "/" + code + ": " + e.getMessage());
            }
            for (String text : Stream.concat(Stream.of(MESSAGES.getOrDefault(code, "")), Stream.of(texts)).toList()) {
                if (!e.getMessage().contains(text)) {
                    throw new Failure(name + ": \"" + text + "\" is not in the message \"" + e.getMessage() + "\"");
                }
            }
            ok(name);
            return;
        }
        throw new Failure(name + ": answered " + got + ", want error " + code);
    }

    private void ok(String name) {
        passed++;
        System.out.println("ok   " + name);
    }
}
