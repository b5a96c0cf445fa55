"""Drives confluent-kafka's schema registry client and its serdes against the registry at CONCORDAT_URL.

The registry must be empty. Every read that proves something uses a client of its own, because a client
answers from its cache whatever it has seen before. A failed check ends its section, not the run.
"""

import base64
import json
import os
import sys
import traceback

from confluent_kafka.schema_registry import (
    AssociationCreateOrUpdateInfo,
    AssociationCreateOrUpdateRequest,
    ConfigCompatibilityLevel,
    Metadata,
    MetadataProperties,
    MetadataTags,
    Rule,
    RuleKind,
    RuleMode,
    RuleParams,
    RuleSet,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    ServerConfig,
    header_schema_id_serializer,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

URL = os.environ.get("CONCORDAT_URL")


def client():
    """A client with empty caches, so that its answers come from the registry."""
    return SchemaRegistryClient({"url": URL, "max.retries": 0, "timeout": 20})


# Checks


class Failure(Exception):
    pass


passed = 0


def ok(name):
    global passed
    passed += 1
    print("ok  ", name, flush=True)


def equal(name, got, want):
    if got != want:
        raise Failure(f"{name}: got {got!r}, want {want!r}")
    ok(name)


# What the message of an error says whatever it is about. Those of 42205 have nothing in common.
MESSAGES = {
    40401: "not found.",
    40402: "not found.",
    40403: "not found",
    40404: "was soft deleted.Set permanent=true to delete permanently",
    40405: "was not deleted first before being permanently deleted",
    40406: "was soft deleted.Set permanent=true to delete permanently",
    40407: "was not deleted first before being permanently deleted",
    40408: "does not have subject-level compatibility configured",
    40409: "does not have subject-level mode configured",
    40410: "Association for",
    40901: "Schema being registered is incompatible with an earlier schema for subject",
    42201: "Invalid schema",
    42203: "Invalid compatibility level.",
    42204: "Invalid mode.",
    42206: "One or more references exist to the schema",
}


def refused(name, call, status, code, *texts):
    """call must raise the registry's error with this status and code. Its message must say what is common to the code and every text."""
    try:
        got = call()
    except SchemaRegistryError as e:
        seen = (e.http_status_code, e.error_code)
        if seen != (status, code):
            raise Failure(f"{name}: refused with {seen}, want {(status, code)}: {e.error_message}")
        for text in (MESSAGES.get(code, ""), *texts):
            if text not in e.error_message:
                raise Failure(f"{name}: {text!r} is not in the message {e.error_message!r}")
        ok(name)
        return
    raise Failure(f"{name}: answered {got!r}, want error {code}")


# Schemas. Each language has a first version, a second that BACKWARD accepts and a third that it refuses.


def avro(*fields, name="Order"):
    return json.dumps({"type": "record", "name": name, "namespace": "interop", "fields": list(fields)}, separators=(",", ":"))


def json_object(**properties):
    return json.dumps({"type": "object", "properties": properties, "additionalProperties": False}, separators=(",", ":"))


def proto(*fields, message="Order", imports=()):
    lines = ['syntax = "proto3";', "package interop;", ""]
    lines += [f'import "{i}";' for i in imports] + ([""] if imports else [])
    return "\n".join(lines + [f"message {message} {{"] + [f"  {f};" for f in fields] + ["}", ""])


ID, NOTE = {"name": "id", "type": "long"}, {"name": "note", "type": "string", "default": ""}
AVRO1, AVRO2 = avro(ID), avro(ID, NOTE)
JSON1, JSON2 = json_object(id={"type": "integer"}), json_object(id={"type": "integer"}, note={"type": "string"})
PROTO1, PROTO2 = proto("int64 id = 1"), proto("int64 id = 1", "string note = 2")

LANGUAGES = {
    "AVRO": (AVRO1, AVRO2, avro({"name": "id", "type": "string"}), "TYPE_MISMATCH"),
    "JSON": (JSON1, JSON2, json_object(id={"type": "string"}), "TYPE_CHANGED"),
    "PROTOBUF": (PROTO1, PROTO2, proto("string id = 1"), "FIELD_SCALAR_KIND_CHANGED"),
}

# The name of a reference, the schema it stands for and the one that refers to it.
REFERENCES = {
    "AVRO": (
        "interop.Address",
        avro({"name": "city", "type": "string"}, name="Address"),
        avro({"name": "home", "type": "Address"}, name="Customer"),
    ),
    "JSON": (
        "address.json",
        json_object(city={"type": "string"}),
        json_object(home={"$ref": "address.json"}),
    ),
    "PROTOBUF": (
        "address.proto",
        proto("string city = 1", message="Address"),
        proto("Address home = 1", message="Customer", imports=["address.proto"]),
    ),
}


def language(kind):
    """Registering, reading and comparing schemas of one language."""
    v1, v2, bad, difference = LANGUAGES[kind]
    subject = f"orders-{kind.lower()}"
    first, second, third = (Schema(text, kind) for text in (v1, v2, bad))

    one = client().register_schema_full_response(subject, first)
    equal(f"{kind}: register answers the version", one.version, 1)
    equal(f"{kind}: register again answers the same id", client().register_schema(subject, first), one.schema_id)
    equal(f"{kind}: register again answers the same guid", client().register_schema_full_response(subject, first).guid, one.guid)
    equal(f"{kind}: another subject shares the id", client().register_schema(f"{subject}-copy", first), one.schema_id)

    two = client().register_schema_full_response(subject, second)
    equal(f"{kind}: register a second version", two.version, 2)
    equal(f"{kind}: the second schema has its own id", two.schema_id > one.schema_id, True)
    equal(f"{kind}: versions", client().get_versions(subject), [1, 2])

    found = client().lookup_schema(subject, second)
    equal(f"{kind}: lookup", (found.subject, found.version, found.schema_id, found.guid), (subject, 2, two.schema_id, two.guid))
    refused(f"{kind}: lookup of a schema not there", lambda: client().lookup_schema(subject, third), 404, 40403, "Schema not found")
    refused(f"{kind}: lookup in a subject not there", lambda: client().lookup_schema("absent", first), 404, 40401, "Subject 'absent' not found.")

    by_id = client().get_schema(one.schema_id)
    equal(f"{kind}: get by id", (by_id.schema_type, by_id.schema_str), (kind, v1))
    by_id = client().get_schema(two.schema_id, subject_name=subject)
    equal(f"{kind}: get by id and subject", (by_id.schema_type, by_id.schema_str), (kind, v2))
    by_guid = client().get_schema_by_guid(one.guid)
    equal(f"{kind}: get by guid", (by_guid.schema_type, by_guid.schema_str), (kind, v1))
    equal(f"{kind}: subjects of an id", sorted(client().get_subjects_by_schema_id(one.schema_id)), [subject, f"{subject}-copy"])
    uses = sorted((v.subject, v.version) for v in client().get_schema_versions(one.schema_id))
    equal(f"{kind}: versions of an id", uses, [(subject, 1), (f"{subject}-copy", 1)])

    for version, want in ((1, one), (2, two), ("latest", two)):
        got = client().get_version(subject, version)
        text = v1 if want is one else v2
        equal(
            f"{kind}: get version {version}",
            (got.subject, got.version, got.schema_id, got.guid, got.schema.schema_type, got.schema.schema_str),
            (subject, want.version, want.schema_id, want.guid, kind, text),
        )
    latest = client().get_latest_version(subject)
    equal(f"{kind}: get latest", (latest.version, latest.schema_id, latest.schema.schema_str), (2, two.schema_id, v2))
    refused(f"{kind}: get a version not there", lambda: client().get_version(subject, 9), 404, 40402, "Version 9 not found.")

    equal(f"{kind}: compatible with the latest", client().test_compatibility(subject, second), True)
    equal(f"{kind}: compatible with all", client().test_compatibility_all_versions(subject, second), True)
    equal(f"{kind}: incompatible with the latest", client().test_compatibility(subject, third), False)
    equal(f"{kind}: incompatible with version 1", client().test_compatibility(subject, third, version=1, verbose=True), False)
    equal(f"{kind}: incompatible with all", client().test_compatibility_all_versions(subject, third, verbose=True), False)
    refused(
        f"{kind}: an incompatible version is refused",
        lambda: client().register_schema(subject, third),
        409, 40901, f'incompatible with an earlier schema for subject "{subject}"', difference, "oldSchemaVersion: 2", "compatibility: 'BACKWARD'",
    )
    refused(f"{kind}: text that is no schema is refused", lambda: client().register_schema(subject, Schema("{", kind)), 422, 42201)
    equal(f"{kind}: refusals leave no version", client().get_versions(subject), [1, 2])


def references(kind):
    name, target, source = REFERENCES[kind]
    base, subject = f"address-{kind.lower()}", f"customers-{kind.lower()}"
    refers = Schema(source, kind, [SchemaReference(name, base, 1)])

    refused(f"{kind}: a reference to nothing is refused", lambda: client().register_schema(subject, refers), 422, 42201, base)
    client().register_schema(base, Schema(target, kind))
    schema_id = client().register_schema(subject, refers)
    equal(f"{kind}: register with a reference again", client().register_schema(subject, refers), schema_id)
    equal(f"{kind}: lookup with a reference", client().lookup_schema(subject, refers).schema_id, schema_id)
    got = client().get_schema(schema_id)
    equal(f"{kind}: references come back", got.references, [SchemaReference(name, base, 1)])
    equal(f"{kind}: text with a reference comes back", got.schema_str, source)
    equal(f"{kind}: referenced by", client().get_referenced_by(base, 1), [schema_id])
    equal(f"{kind}: compatible through the reference", client().test_compatibility(subject, refers), True)
    refused(f"{kind}: a referenced version cannot go", lambda: client().delete_version(base, 1), 422, 42206)
    refused(f"{kind}: a referenced subject cannot go", lambda: client().delete_subject(base), 422, 42206)


def formats():
    """The forms that a schema can be asked for in."""
    client().register_schema("format-address", Schema(REFERENCES["AVRO"][1]))
    resolved = client().register_schema("format-customers", Schema(REFERENCES["AVRO"][2], "AVRO", [SchemaReference("interop.Address", "format-address", 1)]))
    inlined = json.loads(client().get_schema(resolved, fmt="resolved").schema_str)["fields"][0]["type"]
    equal("format: resolved Avro carries the referenced record", (inlined["name"], [f["name"] for f in inlined["fields"]]), ("Address", ["city"]))

    text = client().register_schema("format-proto", Schema(PROTO2, "PROTOBUF"))
    serialized = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(client().get_schema(text, fmt="serialized").schema_str, validate=True))
    equal("format: serialized Protobuf is a descriptor", (serialized.package, [f.name for f in serialized.message_type[0].field]), ("interop", ["id", "note"]))

    shuffled = json_object(note={"type": "string"}, id={"type": "integer"})
    normal = client().register_schema("normal", Schema(JSON2, "JSON"), normalize_schemas=True)
    equal("normalize: another order of keys is the same schema", client().register_schema("normal", Schema(shuffled, "JSON"), normalize_schemas=True), normal)
    equal("normalize: lookup", client().lookup_schema("normal", Schema(shuffled, "JSON"), normalize_schemas=True).schema_id, normal)
    equal("types", sorted(client().get_schema_types()), ["AVRO", "JSON", "PROTOBUF"])


def listing():
    equal("subjects: none", client().get_subjects(), [])
    equal("contexts: the default alone", client().get_contexts(), ["."])
    for name in ("list-b", "list-a", "other"):
        client().register_schema(name, Schema(avro(ID, name="Listed")))
    equal("subjects: by prefix, sorted", client().get_subjects(subject_prefix="list-"), ["list-a", "list-b"])
    equal("subjects: all, sorted", client().get_subjects(), ["list-a", "list-b", "other"])
    equal("subjects: a page", client().get_subjects(subject_prefix="list-", offset=1, limit=1), ["list-b"])
    refused("versions: of a subject not there", lambda: client().get_versions("absent"), 404, 40401, "Subject 'absent' not found.")
    odd = "odd/name with:all+of%it-é"
    odd_id = client().register_schema(odd, Schema(avro(ID, name="Odd")))
    equal("subjects: odd characters", (client().get_latest_version(odd).subject, client().get_subjects_by_schema_id(odd_id)), (odd, [odd]))
    client().register_schema(":.team:orders", Schema(avro(ID, name="Listed")))
    equal("contexts", client().get_contexts(), [".", ".team"])
    equal("contexts: a subject in one", client().get_subjects(subject_prefix=":.team:"), [":.team:orders"])


def config():
    subject = "config-orders"
    equal("config: the global default", client().get_compatibility(), "BACKWARD")
    equal("config: set global", client().set_compatibility(level="FULL"), {"compatibility": "FULL"})
    equal("config: get global", client().get_compatibility(), "FULL")
    equal("config: delete global answers the old", client().delete_config().compatibility_level, ConfigCompatibilityLevel.FULL)
    equal("config: global is the default again", client().get_config().compatibility_level, ConfigCompatibilityLevel.BACKWARD)

    refused("config: of a subject without", lambda: client().get_compatibility(subject), 404, 40408)
    refused("config: an unknown level", lambda: client().set_compatibility(subject, "SIDEWAYS"), 422, 42203)
    equal("config: set a subject's", client().set_compatibility(subject, "NONE"), {"compatibility": "NONE"})
    equal("config: get a subject's", client().get_compatibility(subject), "NONE")
    for text in (AVRO1, avro({"name": "id", "type": "string"})):
        client().register_schema(subject, Schema(text))
    equal("config: NONE lets anything in", client().get_versions(subject), [1, 2])
    equal("config: delete a subject's", client().delete_config(subject).compatibility_level, ConfigCompatibilityLevel.NONE)
    refused("config: deleted", lambda: client().get_compatibility(subject), 404, 40408)

    metadata = Metadata(tags=None, properties=MetadataProperties({"owner": "team-a"}), sensitive=None)
    wanted = ServerConfig(compatibility=ConfigCompatibilityLevel.FULL, compatibility_group="major", default_metadata=metadata)
    client().set_config("config-group", wanted)
    got = client().get_config("config-group")
    equal("config: group", (got.compatibility_level, got.compatibility_group), (ConfigCompatibilityLevel.FULL, "major"))
    equal("config: default metadata", got.default_metadata.properties, metadata.properties)
    client().register_schema("config-group", Schema(AVRO1))
    equal("config: default metadata is given to a schema", client().get_latest_version("config-group").schema.metadata.properties, metadata.properties)

    def major(n):
        return Metadata(tags=None, properties=MetadataProperties({"major": n}), sensitive=None)

    client().register_schema("config-group", Schema(AVRO1, metadata=major("1")))
    client().register_schema("config-group", Schema(avro({"name": "id", "type": "string"}), metadata=major("2")))
    equal("config: another group is not compared", client().get_latest_with_metadata("config-group", {"major": "2"}).version, 3)
    refused("config: the same group is", lambda: client().register_schema("config-group", Schema(avro({"name": "id", "type": "string"}), metadata=major("1"))), 409, 40901)


def mode():
    subject = "mode-orders"
    client().register_schema(subject, Schema(AVRO1))
    equal("mode: global", client().get_global_mode(), "READWRITE")
    refused("mode: of a subject without", lambda: client().get_mode(subject), 404, 40409)
    equal("mode: set a subject's", client().update_mode(subject, "READONLY"), "READONLY")
    equal("mode: get a subject's", client().get_mode(subject), "READONLY")
    refused("mode: READONLY refuses writing", lambda: client().register_schema(subject, Schema(AVRO2)), 422, 42205, "read-only mode")
    refused("mode: READONLY refuses deleting", lambda: client().delete_subject(subject), 422, 42205, "read-only mode")
    equal("mode: delete a subject's", client().delete_mode(subject), "READONLY")
    client().register_schema(subject, Schema(AVRO2))
    equal("mode: writing goes on", client().get_versions(subject), [1, 2])
    equal("mode: set global", client().update_global_mode("READONLY"), "READONLY")
    equal("mode: get global", client().get_global_mode(), "READONLY")
    refused("mode: global READONLY refuses writing", lambda: client().register_schema("mode-other", Schema(AVRO1)), 422, 42205, "read-only mode")
    equal("mode: global back", client().update_global_mode("READWRITE"), "READWRITE")
    refused("mode: an unknown one", lambda: client().update_mode(subject, "SIDEWAYS"), 422, 42204)
    refused("mode: IMPORT where schemas are", lambda: client().update_mode(subject, "IMPORT"), 422, 42205, "Cannot import since found existing subjects")
    equal("mode: IMPORT by force", client().update_mode(subject, "IMPORT", force=True), "IMPORT")


def deletes():
    subject = "delete-orders"
    first, second = Schema(avro(ID, name="Deleted")), Schema(avro(ID, NOTE, name="Deleted"))
    one, two = client().register_schema(subject, first), client().register_schema(subject, second)
    refused("delete: hard before soft", lambda: client().delete_version(subject, 1, permanent=True), 404, 40407)
    equal("delete: a version, soft", client().delete_version(subject, 1), 1)
    refused("delete: twice", lambda: client().delete_version(subject, 1), 404, 40406)
    equal("delete: versions without it", client().get_versions(subject), [2])
    equal("delete: versions with it", client().get_versions(subject, deleted=True), [1, 2])
    refused("delete: the version is gone", lambda: client().get_version(subject, 1), 404, 40402)
    equal("delete: the version can still be read", client().get_version(subject, 1, deleted=True).schema_id, one)
    equal("delete: so can its id", client().get_schema(one).schema_str, first.schema_str)
    refused("delete: lookup passes over it", lambda: client().lookup_schema(subject, first), 404, 40403)
    equal("delete: lookup finds it if asked to", client().lookup_schema(subject, first, deleted=True).version, 1)
    equal("delete: a version, hard", client().delete_version(subject, 1, permanent=True), 1)
    refused("delete: its id is gone", lambda: client().get_schema(one), 404, 40403, f"Schema {one} not found")
    refused("delete: a subject, hard before soft", lambda: client().delete_subject(subject, permanent=True), 404, 40405)
    equal("delete: a subject, soft", client().delete_subject(subject), [2])
    refused("delete: the subject, twice", lambda: client().delete_subject(subject), 404, 40404)
    equal("delete: the subject is not listed", client().get_subjects(subject_prefix=subject), [])
    equal("delete: the subject is listed if asked for", client().get_subjects(subject_prefix=subject, deleted=True), [subject])
    refused("delete: no latest", lambda: client().get_latest_version(subject), 404, 40401)
    equal("delete: register brings it back with its id", client().register_schema(subject, second), two)
    client().delete_subject(subject)
    equal("delete: a subject, hard", client().delete_subject(subject, permanent=True), [3])
    equal("delete: nothing is left", client().get_subjects(subject_prefix=subject, deleted=True), [])
    refused("delete: nothing left to delete", lambda: client().delete_subject(subject), 404, 40401)


def rule(name, mode, kind, executor, expr):
    return Rule(
        name=name, doc="a rule", kind=kind, mode=mode, type=executor, tags=["PII"], params=RuleParams({"a": "b"}),
        expr=expr, on_success="NONE", on_failure="ERROR", disabled=False,
    )


def contracts():
    metadata = Metadata(
        tags=MetadataTags({"**.id": ["PII"]}),
        properties=MetadataProperties({"owner": "team-a", "major": "1"}),
        sensitive=["owner"],
    )
    rules = RuleSet(
        migration_rules=[rule("up", RuleMode.UPGRADE, RuleKind.TRANSFORM, "JSONATA", "$merge([$, {'note': ''}])")],
        domain_rules=[rule("positive", RuleMode.WRITE, RuleKind.CONDITION, "CEL", "message.id > 0")],
        encoding_rules=[rule("wrap", RuleMode.WRITEREAD, RuleKind.TRANSFORM, "ENCRYPT_PAYLOAD", "")],
    )
    # An empty expression is left out of answers.
    returned = RuleSet(rules.migration_rules, rules.domain_rules, [rule("wrap", RuleMode.WRITEREAD, RuleKind.TRANSFORM, "ENCRYPT_PAYLOAD", None)])
    schema = Schema(AVRO1, metadata=metadata, rule_set=rules)
    registered = client().register_schema_full_response("contract", schema)
    for name, got in (
        ("register", registered.schema),
        ("get by version", client().get_version("contract", 1).schema),
        ("get by id", client().get_schema(registered.schema_id, subject_name="contract")),
    ):
        equal(f"contract: {name}: tags", got.metadata.tags, metadata.tags)
        equal(f"contract: {name}: properties", got.metadata.properties, metadata.properties)
        equal(f"contract: {name}: sensitive", got.metadata.sensitive, metadata.sensitive)
        equal(f"contract: {name}: migration rules", got.rule_set.migration_rules, returned.migration_rules)
        equal(f"contract: {name}: domain rules", got.rule_set.domain_rules, returned.domain_rules)
        equal(f"contract: {name}: encoding rules", got.rule_set.encoding_rules, returned.encoding_rules)
    equal("contract: found by metadata", client().get_latest_with_metadata("contract", {"major": "1"}).schema_id, registered.schema_id)
    refused("contract: other metadata finds nothing", lambda: client().get_latest_with_metadata("contract", {"major": "2"}), 404, 40403)
    equal("contract: found by itself", client().lookup_schema("contract", schema).schema_id, registered.schema_id)
    other = Metadata(tags=None, properties=MetadataProperties({"owner": "team-b"}), sensitive=None)
    equal("contract: other metadata is another version", client().register_schema_full_response("contract", Schema(AVRO1, metadata=other)).version, 2)
    bare = client().register_schema_full_response("contract-bare", Schema(AVRO1))
    equal("contract: a schema without has none", (bare.schema.metadata, bare.schema.rule_set), (None, None))


# Serdes. Messages are framed and read in memory.


def value(topic, headers=None):
    return SerializationContext(topic, MessageField.VALUE, headers)


def framed_id(data):
    return data[0], int.from_bytes(data[1:5], "big")


def serdes_avro():
    topic, order = "topic-avro", {"id": 7, "note": "seven"}
    refused("serde AVRO: without auto-registration", lambda: AvroSerializer(client(), AVRO2, conf={"auto.register.schemas": False})(order, value(topic)), 404, 40401)
    data = AvroSerializer(client(), AVRO2)(order, value(topic))
    latest = client().get_latest_version(f"{topic}-value")
    equal("serde AVRO: the subject is of the topic, the frame carries the id", framed_id(data), (0, latest.schema_id))
    equal("serde AVRO: round trip", AvroDeserializer(client())(data, value(topic)), order)
    equal("serde AVRO: read with another schema", AvroDeserializer(client(), AVRO1)(data, value(topic)), {"id": 7})
    for conf in ({"auto.register.schemas": False}, {"auto.register.schemas": False, "use.latest.version": True}, {"normalize.schemas": True}):
        equal(f"serde AVRO: with {conf}", AvroSerializer(client(), AVRO2, conf=conf)(order, value(topic)), data)
    key = AvroSerializer(client(), '"string"')("k", SerializationContext(topic, MessageField.KEY))
    equal("serde AVRO: a key has a subject of its own", framed_id(key)[1], client().get_latest_version(f"{topic}-key").schema_id)
    refused("serde AVRO: an incompatible writer", lambda: AvroSerializer(client(), avro({"name": "id", "type": "string"}))({"id": "x"}, value(topic)), 409, 40901)

    headers = []
    body = AvroSerializer(client(), AVRO2, conf={"schema.id.serializer": header_schema_id_serializer})(order, value(topic, headers))
    equal("serde AVRO: the guid in a header", [(k, v[0], len(v)) for k, v in headers], [("__value_schema_id", 1, 17)])
    equal("serde AVRO: round trip by guid", AvroDeserializer(client())(body, value(topic, headers)), order)

    client().register_schema("serde-address", Schema(REFERENCES["AVRO"][1]))
    customer = Schema(REFERENCES["AVRO"][2], "AVRO", [SchemaReference("interop.Address", "serde-address", 1)])
    home = {"home": {"city": "Bern"}}
    data = AvroSerializer(client(), customer)(home, value("topic-avro-ref"))
    equal("serde AVRO: round trip through a reference", AvroDeserializer(client())(data, value("topic-avro-ref")), home)


def serdes_json():
    topic, order = "topic-json", {"id": 7, "note": "seven"}
    titled = json.dumps({"title": "Order", **json.loads(JSON2)})
    data = JSONSerializer(titled, client())(order, value(topic))
    latest = client().get_latest_version(f"{topic}-value")
    equal("serde JSON: the frame carries the id", framed_id(data), (0, latest.schema_id))
    equal("serde JSON: the registered type", latest.schema.schema_type, "JSON")
    equal("serde JSON: round trip", JSONDeserializer(titled, schema_registry_client=client())(data, value(topic)), order)
    equal("serde JSON: round trip by the registered schema", JSONDeserializer(None, schema_registry_client=client())(data, value(topic)), order)
    equal("serde JSON: use.latest.version", JSONSerializer(titled, client(), conf={"auto.register.schemas": False, "use.latest.version": True})(order, value(topic)), data)

    client().register_schema("serde-address.json", Schema(REFERENCES["JSON"][1], "JSON"))
    text = json.dumps({"title": "Customer", **json.loads(REFERENCES["JSON"][2])})
    customer = Schema(text, "JSON", [SchemaReference("address.json", "serde-address.json", 1)])
    home = {"home": {"city": "Bern"}}
    data = JSONSerializer(customer, client())(home, value("topic-json-ref"))
    equal("serde JSON: round trip through a reference", JSONDeserializer(None, schema_registry_client=client())(data, value("topic-json-ref")), home)


def message_classes():
    """The messages of two files, one of which imports the other and a well-known type."""
    kinds = descriptor_pb2.FieldDescriptorProto
    files = (
        descriptor_pb2.FileDescriptorProto(
            name="interop/address.proto", package="interop", syntax="proto3",
            message_type=[dict(name="Address", field=[dict(name="city", number=1, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)])],
        ),
        descriptor_pb2.FileDescriptorProto(
            name="interop/customer.proto", package="interop", syntax="proto3",
            dependency=["interop/address.proto", "google/protobuf/timestamp.proto"],
            message_type=[
                dict(name="Unused"),
                dict(
                    name="Customer",
                    field=[
                        dict(name="home", number=1, type=kinds.TYPE_MESSAGE, type_name=".interop.Address", label=kinds.LABEL_OPTIONAL),
                        dict(name="since", number=2, type=kinds.TYPE_MESSAGE, type_name=".google.protobuf.Timestamp", label=kinds.LABEL_OPTIONAL),
                    ],
                ),
            ],
        ),
    )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    for file in files:
        pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("interop.Customer"))


def serdes_protobuf():
    topic, customer_class = "topic-proto", message_classes()
    customer = customer_class()
    customer.home.city = "Bern"
    customer.since.seconds = 12
    data = ProtobufSerializer(customer_class, client(), {"use.deprecated.format": False})(customer, value(topic))
    latest = client().get_latest_version(f"{topic}-value")
    equal("serde PROTOBUF: the frame carries the id", framed_id(data), (0, latest.schema_id))
    equal("serde PROTOBUF: the frame carries the message's index", data[5:7], b"\x02\x02")
    equal("serde PROTOBUF: the import is registered as a reference", latest.schema.references, [SchemaReference("interop/address.proto", "interop/address.proto", 1)])
    equal("serde PROTOBUF: the descriptor comes back as text", latest.schema.schema_str.startswith('syntax = "proto3";\npackage interop;'), True)
    got = ProtobufDeserializer(customer_class, {"use.deprecated.format": False}, client())(data, value(topic))
    equal("serde PROTOBUF: round trip", (got.home.city, got.since.seconds), ("Bern", 12))
    again = ProtobufSerializer(customer_class, client(), {"use.deprecated.format": False, "auto.register.schemas": False})(customer, value(topic))
    equal("serde PROTOBUF: without auto-registration", again, data)
    again = ProtobufSerializer(customer_class, client(), {"use.deprecated.format": False, "auto.register.schemas": False, "use.latest.version": True})(customer, value(topic))
    equal("serde PROTOBUF: use.latest.version", again, data)


def associations():
    """The associated-name strategy, the default of the serializers: it asks for the topic's association first."""
    topic, subject, resource = "topic-assoc", "shared-orders", "lkc-1:topic-assoc"
    equal("association: none", client().get_associations_by_resource_name(topic, "-", "topic", ["value"]), [])
    schema_id = client().register_schema(subject, Schema(AVRO1))
    request = AssociationCreateOrUpdateRequest(
        resource_name=topic, resource_namespace="lkc-1", resource_id=resource, resource_type="topic",
        associations=[AssociationCreateOrUpdateInfo(subject=subject, association_type="value", lifecycle="WEAK")],
    )
    created = client().create_association(request)
    equal("association: created", [(a.subject, a.association_type, a.lifecycle) for a in created.associations], [(subject, "value", "WEAK")])
    found = client().get_associations_by_resource_name(topic, "-", "topic", ["value"])
    equal(
        "association: found in any namespace",
        [(a.subject, a.resource_name, a.resource_namespace, a.resource_id, a.resource_type, a.association_type) for a in found],
        [(subject, topic, "lkc-1", resource, "topic", "value")],
    )
    equal("association: none for the key", client().get_associations_by_resource_name(topic, "-", "topic", ["key"]), [])
    data = AvroSerializer(client(), AVRO1, conf={"auto.register.schemas": False})({"id": 7}, value(topic))
    equal("association: a serializer uses its subject", framed_id(data), (0, schema_id))
    equal("association: the topic's own subject stays away", client().get_subjects(subject_prefix=topic), [])
    equal("association: round trip", AvroDeserializer(client())(data, value(topic)), {"id": 7})
    client().delete_associations(resource, "topic", ["value"])
    equal("association: deleted", client().get_associations_by_resource_name(topic, "-", "topic", ["value"]), [])
    refused("association: deleted twice", lambda: client().delete_associations(resource, "topic", ["value"]), 404, 40410)
    AvroSerializer(client(), AVRO1)({"id": 7}, value(topic))
    equal("association: without one the topic names the subject", client().get_subjects(subject_prefix=topic), [f"{topic}-value"])


SECTIONS = [
    ("listing", listing),
    ("schemas AVRO", lambda: language("AVRO")),
    ("schemas JSON", lambda: language("JSON")),
    ("schemas PROTOBUF", lambda: language("PROTOBUF")),
    ("references AVRO", lambda: references("AVRO")),
    ("references JSON", lambda: references("JSON")),
    ("references PROTOBUF", lambda: references("PROTOBUF")),
    ("formats", formats),
    ("config", config),
    ("mode", mode),
    ("deletes", deletes),
    ("contracts", contracts),
    ("serdes AVRO", serdes_avro),
    ("serdes JSON", serdes_json),
    ("serdes PROTOBUF", serdes_protobuf),
    ("associations", associations),
]


def main():
    if not URL:
        sys.exit("set CONCORDAT_URL to the base URL of an empty registry")
    failed = 0
    for name, section in SECTIONS:
        try:
            section()
        except Failure as e:
            failed += 1
            print("FAIL", e, flush=True)
        except Exception as e:
            failed += 1
            lines = [f.lineno for f in traceback.extract_tb(e.__traceback__) if f.filename == __file__]
            print(f"FAIL section {name}: {type(e).__name__}: {e} (check.py, line {lines[-1]})", flush=True)
    if failed:
        sys.exit(f"FAIL {failed} of {len(SECTIONS)} sections; {passed} checks passed")
    print(f"OK {passed} checks")


main()
