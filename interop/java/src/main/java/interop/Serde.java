package interop;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.SchemaRegistryClient;
import org.apache.flink.avro.shaded.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.avro.shaded.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.avro.shaded.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.avro.shaded.com.fasterxml.jackson.databind.node.JsonNodeFactory;
import org.apache.flink.avro.shaded.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.avro.shaded.org.apache.avro.Schema;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericData;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericDatumReader;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericDatumWriter;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericFixed;
import org.apache.flink.avro.shaded.org.apache.avro.generic.IndexedRecord;
import org.apache.flink.avro.shaded.org.apache.avro.io.BinaryEncoder;
import org.apache.flink.avro.shaded.org.apache.avro.io.DecoderFactory;
import org.apache.flink.avro.shaded.org.apache.avro.io.EncoderFactory;
import org.apache.flink.formats.avro.registry.confluent.ConfluentSchemaRegistryCoder;

/**
 * Reads and writes Avro as Flink does with Confluent's client, for interop/serde: a request for each line of input, an
 * answer for each line of output. child.go has the form of both.
 *
 * <p>Flink always registers the schema that it writes with, whole, and reads by the schema that it is given.
 */
public final class Serde {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final HexFormat HEX = HexFormat.of();

    private Serde() {}

    public static void main(String[] args) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ObjectNode answer = JSON.objectNode();
            try {
                answer(MAPPER.readTree(line), answer);
            } catch (Exception | LinkageError e) {
                answer = JSON.objectNode().put("error", chain(e));
            }
            out.println(MAPPER.writeValueAsString(answer));
        }
    }

    private static void answer(JsonNode request, ObjectNode answer) throws IOException {
        SchemaRegistryClient client = new CachedSchemaRegistryClient(System.getenv("CONCORDAT_URL"), 100);
        Schema.Parser parser = new Schema.Parser();
        request.get("named").forEach(text -> parser.parse(text.textValue()));
        Schema schema = parser.parse(request.get("schema").get("schema").textValue());
        if (request.get("op").textValue().equals("write")) {
            String subject = request.get("topic").textValue() + (request.get("key").booleanValue() ? "-key" : "-value");
            ByteArrayOutputStream message = new ByteArrayOutputStream();
            new ConfluentSchemaRegistryCoder(subject, client).writeSchema(schema, message);
            BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(message, null);
            new GenericDatumWriter<>(schema).write(datum(schema, request.get("value")), encoder);
            encoder.flush();
            answer.put("data", HEX.formatHex(message.toByteArray())).putArray("headers");
            return;
        }
        ByteArrayInputStream message = new ByteArrayInputStream(HEX.parseHex(request.get("data").textValue()));
        Schema writer = new ConfluentSchemaRegistryCoder(client).readSchema(message);
        Object read = new GenericDatumReader<>(writer, schema).read(null, DecoderFactory.get().directBinaryDecoder(message, null));
        answer.set("value", json(schema, read));
    }

    /** The value of a case as Avro's generic data. */
    private static Object datum(Schema schema, JsonNode value) {
        switch (schema.getType()) {
            case RECORD:
                GenericData.Record made = new GenericData.Record(schema);
                schema.getFields().forEach(f -> made.put(f.pos(), datum(f.schema(), value.get(f.name()))));
                return made;
            case ARRAY:
                List<Object> items = new ArrayList<>();
                value.forEach(item -> items.add(datum(schema.getElementType(), item)));
                return items;
            case MAP:
                Map<String, Object> entries = new HashMap<>();
                value.fields().forEachRemaining(e -> entries.put(e.getKey(), datum(schema.getValueType(), e.getValue())));
                return entries;
            case UNION:
                return schema.getTypes().stream().filter(branch -> fits(branch, value)).findFirst().map(branch -> datum(branch, value)).orElse(null);
            case ENUM:
                return new GenericData.EnumSymbol(schema, value.textValue());
            case FIXED:
                return new GenericData.Fixed(schema, HEX.parseHex(value.get("$bytes").textValue()));
            case BYTES:
                return ByteBuffer.wrap(HEX.parseHex(value.get("$bytes").textValue()));
            case STRING:
                return value.textValue();
            case INT:
                return value.intValue();
            case LONG:
                return value.longValue();
            case FLOAT:
                return value.floatValue();
            case DOUBLE:
                return value.doubleValue();
            case BOOLEAN:
                return value.booleanValue();
            default:
                return null;
        }
    }

    /** Whether a value of a case can be of a branch, by the kind of JSON that it is. */
    private static boolean fits(Schema branch, JsonNode value) {
        switch (branch.getType()) {
            case RECORD:
                return value.isObject() && branch.getFields().stream().allMatch(f -> value.has(f.name()));
            case ARRAY:
                return value.isArray();
            case STRING:
                return value.isTextual();
            case INT, LONG:
                return value.isIntegralNumber();
            case FLOAT, DOUBLE:
                return value.isNumber();
            case BOOLEAN:
                return value.isBoolean();
            case NULL:
                return value.isNull();
            default:
                throw new IllegalArgumentException("no case has a union with " + branch);
        }
    }

    /** Generic data as the cases write it. */
    private static JsonNode json(Schema schema, Object value) {
        switch (schema.getType()) {
            case RECORD:
                ObjectNode made = JSON.objectNode();
                schema.getFields().forEach(f -> made.set(f.name(), json(f.schema(), ((IndexedRecord) value).get(f.pos()))));
                return made;
            case ARRAY:
                ArrayNode items = JSON.arrayNode();
                ((Iterable<?>) value).forEach(item -> items.add(json(schema.getElementType(), item)));
                return items;
            case MAP:
                ObjectNode entries = JSON.objectNode();
                ((Map<?, ?>) value).forEach((name, entry) -> entries.set(name.toString(), json(schema.getValueType(), entry)));
                return entries;
            case UNION:
                return json(schema.getTypes().get(GenericData.get().resolveUnion(schema, value)), value);
            case ENUM, STRING:
                return JSON.textNode(value.toString());
            case FIXED:
                return JSON.objectNode().put("$bytes", HEX.formatHex(((GenericFixed) value).bytes()));
            case BYTES:
                byte[] bytes = new byte[((ByteBuffer) value).remaining()];
                ((ByteBuffer) value).duplicate().get(bytes);
                return JSON.objectNode().put("$bytes", HEX.formatHex(bytes));
            case INT:
                return JSON.numberNode((Integer) value);
            case LONG:
                return JSON.numberNode((Long) value);
            case FLOAT:
                return JSON.numberNode((Float) value);
            case DOUBLE:
                return JSON.numberNode((Double) value);
            case BOOLEAN:
                return JSON.booleanNode((Boolean) value);
            default:
                return JSON.nullNode();
        }
    }

    /** What an error says, and what those say that it came of. */
    private static String chain(Throwable error) {
        return error.getCause() == null ? error.toString() : error + ", from " + chain(error.getCause());
    }
}
