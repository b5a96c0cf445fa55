package interop;

import java.util.List;
import java.util.Objects;
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

    /** Passes if the call throws the registry's error of this status and code, with every text in its message. */
    void refused(String name, Call call, int status, int code, String... texts) throws Exception {
        Object got;
        try {
            got = call.run();
        } catch (RestClientException e) {
            if (e.getStatus() != status || e.getErrorCode() != code) {
                throw new Failure(name + ": refused with " + e.getStatus() + "/" + e.getErrorCode() + ", want " + status + "/" + code + ": " + e.getMessage());
            }
            for (String text : List.of(texts)) {
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
