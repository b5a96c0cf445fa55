"""Drives the serdes of confluent-kafka for interop/serde: a request for each line of input, an answer for each line of output.

child.go has the form of both. Every request is carried out by a client of its own, because a client answers from its cache
whatever it has seen before.
"""

import base64
import datetime
import decimal
import json
import os
import sys
import uuid

from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient, header_schema_id_serializer
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.schema_registry.rules.cel.cel_executor import CelExecutor
from confluent_kafka.schema_registry.rules.cel.cel_field_executor import CelFieldExecutor
from confluent_kafka.schema_registry.rules.jsonata.jsonata_executor import JsonataExecutor
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

CelExecutor.register()
CelFieldExecutor.register()
JsonataExecutor.register()


def conf(request):
    """The configuration under this client's names: truth values are no texts, metadata is a dict, validation is on by default."""
    out = {}
    for name, value in request["config"].items():
        if name == "json.fail.invalid.schema":
            continue
        if name == "use.latest.with.metadata":
            value = dict(pair.split("=") for pair in value.split(","))
        out[name] = value == "true" if value in ("true", "false") else value
    if request["format"] == "JSON":
        out["validate"] = request["config"].get("json.fail.invalid.schema") == "true"
    if request["op"] == "write" and request["header"]:
        out["schema.id.serializer"] = header_schema_id_serializer
    return out


def schema(request):
    """What the client is given: a text that refers to nothing as it is. A primitive type of Avro it takes no other way."""
    s = request["schema"]
    references = [SchemaReference(r["name"], r["subject"], r["version"]) for r in s.get("references", [])]
    return Schema(s["schema"], request["format"], references) if references else s["schema"]


def message_class(request):
    """The class of a message, made from its file and those that it imports."""
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(base64.b64decode(request["descriptors"])).file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(request["message"]))


def native(value):
    """An Avro value as this client takes it."""
    if isinstance(value, dict):
        if list(value) == ["$bytes"]:
            return bytes.fromhex(value["$bytes"])
        return {k: native(v) for k, v in value.items()}
    return [native(v) for v in value] if isinstance(value, list) else value


EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def raw(value):
    """An Avro value of this client as the cases write it. Logical types are made raw again: times of day in microseconds, timestamps in milliseconds."""
    if isinstance(value, dict):
        return {k: raw(v) for k, v in value.items()}
    if isinstance(value, list):
        return [raw(v) for v in value]
    if isinstance(value, decimal.Decimal):
        unscaled = int(value.scaleb(-value.as_tuple().exponent))
        value = unscaled.to_bytes((8 + (unscaled + (unscaled < 0)).bit_length()) // 8, "big", signed=True)
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // datetime.timedelta(milliseconds=1)
    if isinstance(value, datetime.date):
        return (value - EPOCH.date()).days
    if isinstance(value, datetime.time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
    return str(value) if isinstance(value, uuid.UUID) else value


def write(request, client, context):
    value = request["value"]
    if request["format"] == "AVRO":
        data = AvroSerializer(client, schema(request), conf=conf(request))(native(value), context)
    elif request["format"] == "JSON":
        data = JSONSerializer(schema(request), client, conf=conf(request))(value, context)
    else:
        cls = message_class(request)
        message = None if value is None else json_format.ParseDict(value, cls())
        data = ProtobufSerializer(cls, client, conf(request))(message, context)
    headers = [{"name": name, "value": bytes(value).hex()} for name, value in context.headers]
    return {"data": None if data is None else data.hex(), "headers": headers}


def read(request, client, context):
    data = None if request["data"] is None else bytes.fromhex(request["data"])
    if request["format"] == "AVRO":
        value = raw(AvroDeserializer(client, conf=conf(request))(data, context))
    elif request["format"] == "JSON":
        value = JSONDeserializer(None, schema_registry_client=client, conf=conf(request))(data, context)
    else:
        message = ProtobufDeserializer(message_class(request), conf(request), client)(data, context)
        value = None if message is None else json_format.MessageToDict(message)
    return {"value": value}


def answer(request):
    client = SchemaRegistryClient({"url": os.environ["CONCORDAT_URL"], "max.retries": 0, "timeout": 20})
    headers = [(h["name"], bytes.fromhex(h["value"])) for h in request["headers"]]
    context = SerializationContext(request["topic"], MessageField.KEY if request["key"] else MessageField.VALUE, headers)
    return (write if request["op"] == "write" else read)(request, client, context)


def chain(error):
    """What an error says, and what those say that it came of."""
    texts = []
    while error is not None:
        texts.append(f"{type(error).__name__}: {error}")
        error = error.__cause__
    return ", from ".join(texts)


for line in sys.stdin:
    try:
        out = answer(json.loads(line))
    except Exception as e:
        out = {"error": chain(e)}
    print(json.dumps(out), flush=True)
