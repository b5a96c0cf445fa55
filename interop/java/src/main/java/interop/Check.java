package interop;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.avro.AvroSchema;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.SchemaMetadata;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.SchemaRegistryClient;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.Config;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.Metadata;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.Rule;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.RuleKind;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.RuleMode;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.RuleSet;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.SchemaReference;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.SubjectVersion;
import org.apache.flink.avro.shaded.org.apache.avro.Schema;
import org.apache.flink.formats.avro.registry.confluent.ConfluentSchemaRegistryCoder;

/**
 * Drives Confluent's Java client, as Apache Flink carries it, against the empty registry at CONCORDAT_URL.
 *
 * <p>Every read that proves something uses a client of its own, because a client answers from its cache whatever it
 * has seen before.
 */
public final class Check {
    private static final String ID = "{\"name\":\"id\",\"type\":\"long\"}";
    private static final String NOTE = "{\"name\":\"note\",\"type\":\"string\",\"default\":\"\"}";
    private static final AvroSchema FIRST = record("Order", ID);
    private static final AvroSchema SECOND = record("Order", ID, NOTE);
    private static final AvroSchema BAD = record("Order", "{\"name\":\"id\",\"type\":\"string\"}");

    private final String url;
    private final Report report = new Report();

    private Check(String url) {
        this.url = url;
    }

    public static void main(String[] args) {
        String url = System.getenv("CONCORDAT_URL");
        if (url == null || url.isEmpty()) {
            System.err.println("set CONCORDAT_URL to the base URL of an empty registry");
            System.exit(1);
        }
        Check check = new Check(url);
        check.report.section("listing", check::listing);
        check.report.section("schemas", check::schemas);
        check.report.section("references", check::references);
        check.report.section("config", check::config);
        check.report.section("mode", check::mode);
        check.report.section("deletes", check::deletes);
        check.report.section("contracts", check::contracts);
        check.report.section("coder", check::coder);
        System.exit(check.report.summary() ? 0 : 1);
    }

    /** A client with empty caches, so that its answers come from the registry. */
    private SchemaRegistryClient client() {
        return new CachedSchemaRegistryClient(url, 100);
    }

    private static AvroSchema record(String name, String... fields) {
        return new AvroSchema(text(name, fields));
    }

    private static String text(String name, String... fields) {
        return "{\"type\":\"record\",\"name\":\"" + name + "\",\"namespace\":\"interop\",\"fields\":[" + String.join(",", fields) + "]}";
    }

    private void schemas() throws Exception {
        String subject = "orders-value";
        int one = client().register(subject, FIRST);
        report.equal("register again answers the same id", client().register(subject, FIRST), one);
        report.equal("register answers the version", client().registerWithResponse(subject, FIRST, false).getVersion(), 1);
        report.equal("another subject shares the id", client().register("orders-copy", FIRST), one);
        int two = client().register(subject, SECOND);
        report.equal("a second version has its own id", two > one, true);
        report.equal("versions", client().getAllVersions(subject), List.of(1, 2));

        report.equal("look up the id", client().getId(subject, FIRST), one);
        report.equal("look up the id, normalized", client().getId(subject, SECOND, true), two);
        report.equal("look up the version", client().getVersion(subject, SECOND), 2);
        report.refused("lookup of a schema not there", () -> client().getId(subject, BAD), 404, 40403, "Schema not found");
        report.refused("lookup in a subject not there", () -> client().getId("absent", FIRST), 404, 40401, "Subject 'absent' not found.");

        report.equal("get by id", client().getSchemaById(one), FIRST);
        report.equal("get by id and subject", client().getSchemaBySubjectAndId(subject, two).canonicalString(), SECOND.canonicalString());
        report.equal("subjects of an id", new TreeSet<>(client().getAllSubjectsById(one)), new TreeSet<>(Set.of("orders-copy", subject)));
        report.equal("versions of an id", List.copyOf(client().getAllVersionsById(two)), List.of(new SubjectVersion(subject, 2)));
        SchemaMetadata first = client().getSchemaMetadata(subject, 1);
        report.equal("get version 1", List.of(first.getId(), first.getVersion(), first.getSchemaType(), first.getSchema()), List.of(one, 1, "AVRO", FIRST.canonicalString()));
        SchemaMetadata latest = client().getLatestSchemaMetadata(subject);
        report.equal("get latest", List.of(latest.getId(), latest.getVersion(), latest.getSchema()), List.of(two, 2, SECOND.canonicalString()));
        report.refused("get a version not there", () -> client().getSchemaMetadata(subject, 9), 404, 40402, "Version 9 not found.");
        report.refused("get an id not there", () -> client().getSchemaById(9999), 404, 40403, "Schema 9999 not found");

        report.equal("compatible", client().testCompatibility(subject, SECOND), true);
        report.equal("compatible, no messages", client().testCompatibilityVerbose(subject, SECOND), List.of());
        report.equal("incompatible", client().testCompatibility(subject, BAD), false);
        String messages = String.join("\n", client().testCompatibilityVerbose(subject, BAD));
        report.equal("incompatible, the messages name the difference", messages.contains("TYPE_MISMATCH"), true);
        report.equal("incompatible, the messages name the path", messages.contains("'/fields/0/type'"), true);
        report.equal("incompatible, the messages name the level", messages.contains("compatibility: 'BACKWARD'"), true);
        report.refused("an incompatible version is refused", () -> client().register(subject, BAD), 409, 40901,
                "incompatible with an earlier schema for subject \"" + subject + "\"", "TYPE_MISMATCH", "oldSchemaVersion: 2");
        report.equal("refusals leave no version", client().getAllVersions(subject), List.of(1, 2));
    }

    private void references() throws Exception {
        String address = text("Address", "{\"name\":\"city\",\"type\":\"string\"}");
        List<SchemaReference> references = List.of(new SchemaReference("interop.Address", "address", 1));
        AvroSchema customer = new AvroSchema(text("Customer", "{\"name\":\"home\",\"type\":\"Address\"}"), references, Map.of("interop.Address", address), null);

        report.refused("a reference to nothing", () -> client().register("customers", customer), 422, 42201, "address");
        client().register("address", new AvroSchema(address));
        int id = client().register("customers", customer);
        report.equal("register with a reference again", client().register("customers", customer), id);
        report.equal("lookup with a reference", client().getId("customers", customer), id);
        AvroSchema got = (AvroSchema) client().getSchemaById(id);
        report.equal("references come back", got.references(), references);
        report.equal("the client resolves them", got.rawSchema().getField("home").schema().getField("city").schema().getType(), Schema.Type.STRING);
        report.equal("compatible through the reference", client().testCompatibility("customers", customer), true);
        report.refused("a referenced version cannot go", () -> client().deleteSchemaVersion("address", "1"), 422, 42206);
        report.refused("a referenced subject cannot go", () -> client().deleteSubject("address"), 422, 42206);
    }

    private void listing() throws Exception {
        AvroSchema first = record("Listed", ID);
        AvroSchema second = record("Listed", ID, NOTE);
        report.equal("no subjects", List.copyOf(client().getAllSubjects()), List.of());
        for (String name : List.of("list-b", "list-a")) {
            client().register(name, first);
        }
        client().register("list-a", second);
        report.equal("subjects by prefix, sorted", List.copyOf(client().getAllSubjectsByPrefix("list-")), List.of("list-a", "list-b"));
        report.equal("subjects, sorted", List.copyOf(client().getAllSubjects()), List.of("list-a", "list-b"));
        report.equal("schemas by prefix", client().getSchemas("list-", false, false), List.of(first, second, first));
        report.equal("the latest only", client().getSchemas("list-", false, true), List.of(second, first));
        report.refused("versions of a subject not there", () -> client().getAllVersions("absent"), 404, 40401);
        // The client writes a letter beyond ASCII as its code point (%E9), not as UTF-8, so none is in this name.
        String odd = "odd/name with:all+of%it";
        int id = client().register(odd, record("Odd", ID));
        report.equal("a subject of odd characters", List.copyOf(client().getAllSubjectsById(id)), List.of(odd));
        report.equal("and its versions", client().getAllVersions(odd), List.of(1));
        client().register(":.team:orders", second);
        report.equal("a subject in a context", List.copyOf(client().getAllSubjectsByPrefix(":.team:")), List.of(":.team:orders"));
    }

    private void config() throws Exception {
        String subject = "config-orders";
        report.equal("the global default", client().getConfig(null).getCompatibilityLevel(), "BACKWARD");
        client().updateCompatibility(null, "FULL");
        report.equal("global, set", client().getCompatibility(null), "FULL");
        client().deleteConfig(null);
        report.equal("global, deleted", client().getCompatibility(null), "BACKWARD");
        report.refused("an unknown level", () -> client().updateCompatibility(subject, "SIDEWAYS"), 422, 42203);
        client().updateCompatibility(subject, "NONE");
        report.equal("a subject's, set", client().getCompatibility(subject), "NONE");
        client().register(subject, FIRST);
        client().register(subject, BAD);
        report.equal("NONE lets anything in", client().getAllVersions(subject), List.of(1, 2));
        client().deleteCompatibility(subject);
        report.refused("deleted twice", () -> {
            client().deleteCompatibility(subject);
            return null;
        }, 404, 40401);
        report.refused("a subject's, deleted", () -> client().getCompatibility(subject), 404, 40408);

        Config group = new Config("FULL_TRANSITIVE");
        group.setCompatibilityGroup("major");
        group.setNormalize(true);
        group.setDefaultMetadata(new Metadata(null, Map.of("owner", "team-a"), null));
        client().updateConfig(subject, group);
        report.equal("a group with default metadata", client().getConfig(subject), group);
    }

    private void mode() throws Exception {
        String subject = "mode-orders";
        report.equal("global mode", client().getMode(), "READWRITE");
        report.refused("a subject's mode, not set", () -> client().getMode(subject), 404, 40409);
        report.equal("a subject's mode, set", client().setMode("READONLY", subject), "READONLY");
        report.equal("a subject's mode", client().getMode(subject), "READONLY");
        report.refused("READONLY refuses writing", () -> client().register(subject, FIRST), 422, 42205, "read-only mode");
        report.equal("IMPORT", client().setMode("IMPORT", subject), "IMPORT");
        report.equal("IMPORT keeps the id", client().register(subject, SECOND.copy(7), 7, 5001), 5001);
        client().deleteMode(subject);
        report.refused("a subject's mode, deleted", () -> client().getMode(subject), 404, 40409);
        report.equal("IMPORT kept the version", client().getAllVersions(subject), List.of(7));
        report.equal("and the id", client().getLatestSchemaMetadata(subject).getId(), 5001);
        report.refused("an unknown mode", () -> client().setMode("SIDEWAYS", subject), 422, 42204);
        report.refused("IMPORT where schemas are", () -> client().setMode("IMPORT", subject), 422, 42205, "Cannot import since found existing subjects");
        report.equal("IMPORT by force", client().setMode("IMPORT", subject, true), "IMPORT");
        report.equal("global mode, set", client().setMode("READONLY"), "READONLY");
        report.refused("global READONLY refuses writing", () -> client().register("mode-other", FIRST), 422, 42205, "read-only mode");
        client().setMode("READWRITE");
        report.equal("global mode, set back", client().getMode(), "READWRITE");
    }

    private void deletes() throws Exception {
        String subject = "delete-orders";
        AvroSchema first = record("Deleted", ID);
        AvroSchema second = record("Deleted", ID, NOTE);
        int one = client().register(subject, first);
        int two = client().register(subject, second);
        report.refused("hard before soft", () -> client().deleteSchemaVersion(subject, "1", true), 404, 40407);
        report.equal("a version, soft", client().deleteSchemaVersion(subject, "1"), 1);
        report.refused("soft twice", () -> client().deleteSchemaVersion(subject, "1"), 404, 40406);
        report.equal("versions without it", client().getAllVersions(subject), List.of(2));
        report.equal("versions with it", client().getAllVersions(subject, true), List.of(1, 2));
        report.refused("the version is gone", () -> client().getSchemaMetadata(subject, 1), 404, 40402);
        report.equal("the version can still be read", client().getSchemaMetadata(subject, 1, true).getId(), one);
        report.equal("so can its id", client().getSchemaById(one), first);
        report.equal("a version, hard", client().deleteSchemaVersion(subject, "1", true), 1);
        report.refused("its id is gone", () -> client().getSchemaById(one), 404, 40403);
        report.refused("a subject, hard before soft", () -> client().deleteSubject(subject, true), 404, 40405);
        report.equal("a subject, soft", client().deleteSubject(subject), List.of(2));
        report.refused("a subject, soft twice", () -> client().deleteSubject(subject), 404, 40404);
        report.equal("not listed", client().getAllSubjects().contains(subject), false);
        report.equal("listed if asked for", client().getAllSubjects(true).contains(subject), true);
        report.equal("register brings it back with its id", client().register(subject, second), two);
        client().deleteSubject(subject);
        report.equal("a subject, hard", client().deleteSubject(subject, true), List.of(3));
        report.equal("nothing is left", client().getAllSubjects(true).contains(subject), false);
        report.refused("nothing left to delete", () -> client().deleteSubject(subject), 404, 40401);
    }

    private void contracts() throws Exception {
        Metadata metadata = new Metadata(Map.of("**.id", Set.of("PII")), Map.of("major", "1"), Set.of("major"));
        RuleSet rules = new RuleSet(
                List.of(rule("up", RuleKind.TRANSFORM, RuleMode.UPGRADE, "JSONATA", "$merge([$, {'note': ''}])")),
                List.of(rule("positive", RuleKind.CONDITION, RuleMode.WRITE, "CEL", "message.id > 0")));
        AvroSchema contract = FIRST.copy(metadata, rules);
        int id = client().register("contract", contract);
        SchemaMetadata byVersion = client().getSchemaMetadata("contract", 1);
        report.equal("metadata by version", byVersion.getMetadata(), metadata);
        report.equal("rules by version", byVersion.getRuleSet(), rules);
        report.equal("metadata by id", client().getSchemaById(id).metadata(), metadata);
        report.equal("rules by id", client().getSchemaById(id).ruleSet(), rules);
        report.equal("lookup", client().getId("contract", contract), id);
        report.equal("found by metadata", client().getLatestWithMetadata("contract", Map.of("major", "1"), false).getId(), id);
        report.refused("other metadata finds nothing", () -> client().getLatestWithMetadata("contract", Map.of("major", "2"), false), 404, 40403);
        AvroSchema other = FIRST.copy(new Metadata(null, Map.of("major", "2"), null), rules);
        report.equal("other metadata is another version", client().registerWithResponse("contract", other, false).getVersion(), 2);
    }

    private static Rule rule(String name, RuleKind kind, RuleMode mode, String type, String expr) {
        return new Rule(name, "a rule", kind, mode, type, Set.of("PII"), Map.of("a", "b"), expr, "NONE", "ERROR", false);
    }

    /** The part of Flink's format that frames a message with the id of its schema, and reads it back. */
    private void coder() throws Exception {
        ByteArrayOutputStream framed = new ByteArrayOutputStream();
        new ConfluentSchemaRegistryCoder("flink-value", client()).writeSchema(SECOND.rawSchema(), framed);
        ByteBuffer frame = ByteBuffer.wrap(framed.toByteArray());
        report.equal("the frame begins with 0", frame.get(), (byte) 0);
        report.equal("the frame carries the id", frame.getInt(), client().getLatestSchemaMetadata("flink-value").getId());
        Schema read = new ConfluentSchemaRegistryCoder(client()).readSchema(new ByteArrayInputStream(framed.toByteArray()));
        report.equal("the schema of a message", read, SECOND.rawSchema());
    }
}
