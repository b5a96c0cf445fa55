// Drives the serdes of @confluentinc/schemaregistry for interop/serde: a request for each line of input, an answer for each
// line of output. child.go has the form of both.
//
// Every request is carried out by a client of its own, because a client answers from its cache whatever it has seen before.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import registry from '@confluentinc/schemaregistry';

// The same copies as the client loads.
const require = createRequire(import.meta.url);
const { createFileRegistry, createMutableRegistry, fromBinary, fromJson, toJson } = require('@bufbuild/protobuf');
const { FileDescriptorSetSchema } = require('@bufbuild/protobuf/wkt');
const avro = createRequire(require.resolve('@confluentinc/schemaregistry'))('avsc');

const { CelExecutor, CelFieldExecutor, HeaderSchemaIdSerializer, JsonataExecutor, SchemaRegistryClient, SerdeType } = registry;

CelExecutor.register();
CelFieldExecutor.register();
JsonataExecutor.register();

// What is written to the console by libraries must not be taken for an answer.
console.log = console.info = console.debug = console.error;

const names = {
  'auto.register.schemas': 'autoRegisterSchemas',
  'use.latest.version': 'useLatestVersion',
  'use.latest.with.metadata': 'useLatestWithMetadata',
  'json.fail.invalid.schema': 'validate',
};

// conf is the configuration under this client's names.
function conf({ op, header, config }) {
  const out = {};
  for (const [name, value] of Object.entries(config)) {
    if (!names[name]) throw new Error(`no name for ${name}`);
    out[names[name]] =
      name === 'use.latest.with.metadata' ? Object.fromEntries(value.split(',').map((pair) => pair.split('='))) : value === 'true';
  }
  if (op === 'write' && header) out.schemaIdSerializer = HeaderSchemaIdSerializer;
  return out;
}

// avroType is the type of a request's schema. The names of records in it are all that is asked of it.
function avroType({ schema, named }) {
  const opts = { registry: {} };
  for (const text of named) avro.Type.forSchema(JSON.parse(text), opts);
  return avro.Type.forSchema(JSON.parse(schema.schema), opts);
}

// native is an Avro value as this client takes it: bytes are buffers, and values of unions that could be of more than one
// branch stand under its name.
function native(type, value) {
  switch (type.typeName) {
    case 'record':
      return Object.fromEntries(type.fields.filter((f) => f.name in value).map((f) => [f.name, native(f.type, value[f.name])]));
    case 'array':
      return value.map((v) => native(type.itemsType, v));
    case 'map':
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, native(type.valuesType, v)]));
    case 'bytes':
    case 'fixed':
      return Buffer.from(value.$bytes, 'hex');
    case 'union:unwrapped':
    case 'union:wrapped': {
      if (value === null) return null;
      for (const branch of type.types) {
        const fits = branch.typeName === 'record' ? branch.fields.every((f) => f.name in value) : true;
        if (branch.typeName === 'null' || !fits) continue;
        const v = native(branch, value);
        if (branch.isValid(v)) return type.typeName === 'union:wrapped' ? { [branch.branchName]: v } : v;
      }
      throw new Error(`no branch for ${JSON.stringify(value)}`);
    }
  }
  return value;
}

// raw is an Avro value of this client as the cases write it.
function raw(type, value) {
  switch (type.typeName) {
    case 'record':
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, raw(type.field(k)?.type ?? type, v)]));
    case 'array':
      return value.map((v) => raw(type.itemsType, v));
    case 'map':
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, raw(type.valuesType, v)]));
    case 'bytes':
    case 'fixed':
      return { $bytes: Buffer.from(value).toString('hex') };
    case 'union:wrapped': {
      if (value === null) return null;
      const [[name, v]] = Object.entries(value);
      return raw(type.types.find((t) => t.branchName === name), v);
    }
    case 'union:unwrapped':
      return value === null ? null : raw(type.types.find((t) => t.isValid(value)), value);
  }
  return value;
}

// messages are those of a request's file and all that it imports. As in code generated for this client, every field has
// its JSON name.
function messages({ descriptors, message }) {
  const set = fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, 'base64'));
  for (const file of set.file) nameFields(file.messageType);
  const files = createFileRegistry(set);
  return { files, description: files.getMessage(message) };
}

function nameFields(types) {
  for (const { field, nestedType } of types) {
    for (const f of field) f.jsonName ||= f.name.replace(/_+(.)/g, (_, letter) => letter.toUpperCase());
    nameFields(nestedType);
  }
}

const serdes = {
  AVRO: [registry.AvroSerializer, registry.AvroDeserializer],
  JSON: [registry.JsonSerializer, registry.JsonDeserializer],
  PROTOBUF: [registry.ProtobufSerializer, registry.ProtobufDeserializer],
};

async function answer(request) {
  const { op, format, topic, key } = request;
  const client = new SchemaRegistryClient({ baseURLs: [process.env.CONCORDAT_URL], maxRetries: 0, cacheCapacity: 100, createAxiosDefaults: { timeout: 20000 } });
  const kind = key ? SerdeType.KEY : SerdeType.VALUE;
  const [Serializer, Deserializer] = serdes[format];
  if (op === 'write') {
    const config = conf(request);
    let value = request.value;
    if (value !== null && format === 'AVRO') value = native(avroType(request), value);
    if (value !== null && format === 'PROTOBUF') {
      const { files, description } = messages(request);
      config.registry = createMutableRegistry(description);
      value = fromJson(description, value, { registry: files });
    }
    const headers = {};
    const data = await new Serializer(client, kind, config).serialize(topic, value, headers);
    return { data: data?.toString('hex') ?? null, headers: Object.entries(headers).map(([name, v]) => ({ name, value: v.toString('hex') })) };
  }
  const headers = Object.fromEntries(request.headers.map(({ name, value }) => [name, Buffer.from(value, 'hex')]));
  const data = request.data === null ? null : Buffer.from(request.data, 'hex');
  const value = await new Deserializer(client, kind, conf(request)).deserialize(topic, data, headers);
  if (value === null || format === 'JSON') return { value };
  if (format === 'AVRO') return { value: raw(avroType(request), value) };
  const { files, description } = messages(request);
  return { value: toJson(description, value, { registry: files }) };
}

// chain is what an error says, and what those say that it came of.
function chain(e) {
  return e instanceof Error ? `${e.name}: ${e.message}${e.cause ? `, from ${chain(e.cause)}` : ''}` : String(e);
}

for await (const line of createInterface({ input: process.stdin })) {
  const out = await answer(JSON.parse(line)).catch((e) => ({ error: chain(e) }));
  process.stdout.write(`${JSON.stringify(out)}\n`);
}
