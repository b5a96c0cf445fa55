// Drives @confluentinc/schemaregistry, its client and its serdes, against the registry at CONCORDAT_URL.
//
// The registry must be empty. Every read that proves something uses a client of its own, because a client
// answers from its cache whatever it has seen before. A failed check ends its section, not the run.

import { isDeepStrictEqual, inspect } from 'node:util';
import { createRequire } from 'node:module';
import registry from '@confluentinc/schemaregistry';

// The same copy of the Protobuf runtime as the client loads.
const require = createRequire(import.meta.url);
const { create, createFileRegistry, createMutableRegistry, fromBinary } = require('@bufbuild/protobuf');
const { FileDescriptorProtoSchema, FileDescriptorSetSchema, file_google_protobuf_timestamp } = require('@bufbuild/protobuf/wkt');

const { Compatibility, LifecyclePolicy, RestError, RuleMode, SchemaRegistryClient, SerdeType } = registry;

const baseURL = process.env.CONCORDAT_URL;

// client answers from the registry: its caches are empty.
const client = () => new SchemaRegistryClient({ baseURLs: [baseURL], maxRetries: 0, cacheCapacity: 100, createAxiosDefaults: { timeout: 20000 } });

// Checks

class Failure extends Error {}

let passed = 0;

function ok(name) {
  passed++;
  console.log('ok  ', name);
}

function equal(name, got, want) {
  if (!isDeepStrictEqual(got, want)) {
    throw new Failure(`${name}: got ${inspect(got, { depth: 9 })}, want ${inspect(want, { depth: 9 })}`);
  }
  ok(name);
}

// What the message of an error says whatever it is about.
const messages = {
  40401: 'not found.',
  40402: 'not found.',
  40403: 'not found',
  40404: 'was soft deleted.Set permanent=true to delete permanently',
  40405: 'was not deleted first before being permanently deleted',
  40406: 'was soft deleted.Set permanent=true to delete permanently',
  40407: 'was not deleted first before being permanently deleted',
  40408: 'does not have subject-level compatibility configured',
  40410: 'Association for',
  40901: 'Schema being registered is incompatible with an earlier schema for subject',
  42201: 'Invalid schema',
  42203: 'Invalid compatibility level.',
  42206: 'One or more references exist to the schema',
};

// refused expects the client's RestError with this status and code. Its message must say what is common to the code and
// every text.
async function refused(name, call, status, code, ...texts) {
  let got;
  try {
    got = await call();
  } catch (e) {
    if (!(e instanceof RestError)) throw new Failure(`${name}: threw ${inspect(e)}, want error ${code} of the registry`);
    if (e.status !== status || e.errorCode !== code) {
      throw new Failure(`${name}: refused with ${e.status}/${e.errorCode}, want ${status}/${code}: ${e.message}`);
    }
    for (const text of [messages[code], ...texts]) {
      if (!e.message.includes(text)) throw new Failure(`${name}: ${inspect(text)} is not in the message ${inspect(e.message)}`);
    }
    return ok(name);
  }
  throw new Failure(`${name}: answered ${inspect(got)}, want error ${code}`);
}

// pick leaves of an answer what a check names.
const pick = (object, ...keys) => Object.fromEntries(keys.map((key) => [key, object[key]]));

// Schemas. Each language has a first version, a second that BACKWARD accepts and a third that it refuses.

const record = (name, ...fields) => JSON.stringify({ type: 'record', name, namespace: 'interop', fields });
const object = (properties) => JSON.stringify({ type: 'object', properties, additionalProperties: false });
const proto = (message, fields, imports = []) =>
  ['syntax = "proto3";', 'package interop;', '', ...imports.flatMap((i) => [`import "${i}";`, '']), `message ${message} {`, ...fields.map((f) => `  ${f};`), '}', ''].join('\n');

const id = { name: 'id', type: 'long' };
const note = { name: 'note', type: 'string', default: '' };

const languages = {
  AVRO: {
    v1: record('Order', id),
    v2: record('Order', id, note),
    bad: record('Order', { name: 'id', type: 'string' }),
    difference: 'TYPE_MISMATCH',
    reference: 'interop.Address',
    target: record('Address', { name: 'city', type: 'string' }),
    source: record('Customer', { name: 'home', type: 'Address' }),
  },
  JSON: {
    v1: object({ id: { type: 'integer' } }),
    v2: object({ id: { type: 'integer' }, note: { type: 'string' } }),
    bad: object({ id: { type: 'string' } }),
    difference: 'TYPE_CHANGED',
    reference: 'address.json',
    target: object({ city: { type: 'string' } }),
    source: object({ home: { $ref: 'address.json' } }),
  },
  PROTOBUF: {
    v1: proto('Order', ['int64 id = 1']),
    v2: proto('Order', ['int64 id = 1', 'string note = 2']),
    bad: proto('Order', ['string id = 1']),
    difference: 'FIELD_SCALAR_KIND_CHANGED',
    reference: 'address.proto',
    target: proto('Address', ['string city = 1']),
    source: proto('Customer', ['Address home = 1'], ['address.proto']),
  },
};
const { AVRO, JSON: JSON_SCHEMA } = languages;

// Sections

async function schemas(schemaType) {
  const { v1, v2, bad, difference } = languages[schemaType];
  const [first, second, third] = [v1, v2, bad].map((schema) => ({ schema, schemaType }));
  const subject = `orders-${schemaType.toLowerCase()}`;
  const check = (name, got, want) => equal(`${schemaType}: ${name}`, got, want);
  const refuse = (name, ...rest) => refused(`${schemaType}: ${name}`, ...rest);

  const one = await client().registerFullResponse(subject, first);
  check('register', pick(one, 'version', 'schemaType', 'schema'), { version: 1, schemaType, schema: v1 });
  check('register again answers the same id', await client().register(subject, first), one.id);
  check('another subject shares the id', await client().register(`${subject}-copy`, first), one.id);
  const two = await client().registerFullResponse(subject, second);
  check('register a second version', [two.version, two.id > one.id], [2, true]);
  check('versions', await client().getAllVersions(subject), [1, 2]);

  check('look up the id', await client().getId(subject, first), one.id);
  check('look up the version', await client().getVersion(subject, first), 1);
  check('lookup', pick(await client().getIdFullResponse(subject, second), 'subject', 'version', 'id', 'guid'), { subject, version: 2, id: two.id, guid: two.guid });
  await refuse('lookup of a schema not there', () => client().getId(subject, third), 404, 40403, 'Schema not found');
  await refuse('lookup in a subject not there', () => client().getId('absent', first), 404, 40401, "Subject 'absent' not found.");

  check('get by id', pick(await client().getBySubjectAndId('', one.id), 'schemaType', 'schema'), { schemaType, schema: v1 });
  check('get by id and subject', pick(await client().getBySubjectAndId(subject, two.id), 'schemaType', 'schema'), { schemaType, schema: v2 });
  check('get by guid', pick(await client().getByGuid(two.guid), 'schemaType', 'schema'), { schemaType, schema: v2 });
  for (const [version, want, schema] of [[1, one, v1], [2, two, v2]]) {
    check(`get version ${version}`, pick(await client().getSchemaMetadata(subject, version), 'subject', 'version', 'id', 'guid', 'schemaType', 'schema'), {
      subject, version, id: want.id, guid: want.guid, schemaType, schema,
    });
  }
  check('get latest', pick(await client().getLatestSchemaMetadata(subject), 'version', 'id', 'schema'), { version: 2, id: two.id, schema: v2 });
  await refuse('get a version not there', () => client().getSchemaMetadata(subject, 9), 404, 40402, 'Version 9 not found.');
  await refuse('get an id not there', () => client().getBySubjectAndId('', 9999), 404, 40403, 'Schema 9999 not found');

  check('compatible with the latest', await client().testSubjectCompatibility(subject, second), true);
  check('compatible with version 1', await client().testCompatibility(subject, 1, second), true);
  check('incompatible with the latest', await client().testSubjectCompatibility(subject, third), false);
  check('incompatible with version 1', await client().testCompatibility(subject, 1, third), false);
  await refuse('an incompatible version is refused', () => client().register(subject, third), 409, 40901,
    `incompatible with an earlier schema for subject "${subject}"`, difference, 'oldSchemaVersion: 2', "compatibility: 'BACKWARD'");
  await refuse('text that is no schema is refused', () => client().register(subject, { schema: '{', schemaType }), 422, 42201);
  check('refusals leave no version', await client().getAllVersions(subject), [1, 2]);
}

async function references(schemaType) {
  const { reference, target, source } = languages[schemaType];
  const [base, subject] = [`address-${schemaType.toLowerCase()}`, `customers-${schemaType.toLowerCase()}`];
  const references = [{ name: reference, subject: base, version: 1 }];
  const refers = { schema: source, schemaType, references };
  const check = (name, got, want) => equal(`${schemaType}: ${name}`, got, want);

  await refused(`${schemaType}: a reference to nothing is refused`, () => client().register(subject, refers), 422, 42201, base);
  await client().register(base, { schema: target, schemaType });
  const got = await client().register(subject, refers);
  check('register with a reference again', await client().register(subject, refers), got);
  check('lookup with a reference', await client().getId(subject, refers), got);
  check('text and references come back', pick(await client().getBySubjectAndId('', got), 'schema', 'references'), { schema: source, references });
  check('compatible through the reference', await client().testSubjectCompatibility(subject, refers), true);
  await refused(`${schemaType}: a referenced version cannot go`, () => client().deleteSubjectVersion(base, 1), 422, 42206);
  await refused(`${schemaType}: a referenced subject cannot go`, () => client().deleteSubject(base), 422, 42206);
}

async function formats() {
  await client().register('format-address', { schema: AVRO.target });
  const customer = await client().register('format-customers', { schema: AVRO.source, references: [{ name: 'interop.Address', subject: 'format-address', version: 1 }] });
  const resolved = JSON.parse((await client().getBySubjectAndId('format-customers', customer, 'resolved')).schema);
  equal('format: resolved Avro carries the referenced record', resolved.fields[0].type.fields?.[0].name, 'city');

  await client().register('format-proto', { schema: languages.PROTOBUF.v2, schemaType: 'PROTOBUF' });
  const serialized = (await client().getLatestSchemaMetadata('format-proto', 'serialized')).schema;
  const file = fromBinary(FileDescriptorProtoSchema, Buffer.from(serialized, 'base64'));
  equal('format: serialized Protobuf is a descriptor', [file.package, file.messageType[0].field.map((f) => f.name)], ['interop', ['id', 'note']]);

  const shuffled = { schema: object({ note: { type: 'string' }, id: { type: 'integer' } }), schemaType: 'JSON' };
  const normal = await client().register('normal', { schema: JSON_SCHEMA.v2, schemaType: 'JSON' }, true);
  equal('normalize: another order of keys is the same schema', await client().register('normal', shuffled, true), normal);
  equal('normalize: lookup', await client().getId('normal', shuffled, true), normal);
}

async function listing() {
  const listed = { schema: record('Listed', id) };
  equal('subjects: none', await client().getAllSubjects(), []);
  for (const name of ['list-b', 'list-a']) await client().register(name, listed);
  equal('subjects: all, sorted', await client().getAllSubjects(), ['list-a', 'list-b']);
  await refused('versions: of a subject not there', () => client().getAllVersions('absent'), 404, 40401, "Subject 'absent' not found.");
  const odd = 'odd/name with:all+of%it-é';
  await client().register(odd, listed);
  equal('subjects: odd characters', (await client().getLatestSchemaMetadata(odd)).subject, odd);
  await client().register(':.team:orders', listed);
  equal('contexts: a subject in one', (await client().getLatestSchemaMetadata(':.team:orders')).subject, ':.team:orders');
}

async function config() {
  const subject = 'config-orders';
  equal('config: the global default', await client().getDefaultCompatibility(), 'BACKWARD');
  equal('config: set global', await client().updateDefaultCompatibility(Compatibility.FULL), 'FULL');
  equal('config: get global', await client().getDefaultConfig(), { compatibilityLevel: 'FULL' });
  equal('config: set global back', await client().updateDefaultConfig({ compatibility: 'BACKWARD' }), { compatibility: 'BACKWARD' });
  equal('config: global is back', await client().getDefaultCompatibility(), 'BACKWARD');
  await refused('config: of a subject without', () => client().getCompatibility(subject), 404, 40408);
  await refused('config: an unknown level', () => client().updateCompatibility(subject, 'SIDEWAYS'), 422, 42203);
  equal("config: set a subject's", await client().updateCompatibility(subject, Compatibility.NONE), 'NONE');
  equal("config: get a subject's", await client().getCompatibility(subject), 'NONE');
  for (const schema of [AVRO.v1, AVRO.bad]) await client().register(subject, { schema });
  equal('config: NONE lets anything in', await client().getAllVersions(subject), [1, 2]);

  const group = { compatibility: 'FULL', compatibilityGroup: 'major', normalize: true, defaultMetadata: { properties: { owner: 'team-a' } } };
  equal('config: set a group', await client().updateConfig('config-group', group), group);
  const { compatibility, ...rest } = group;
  equal('config: get a group', await client().getConfig('config-group'), { compatibilityLevel: compatibility, ...rest });
  await client().register('config-group', { schema: AVRO.v1, metadata: { properties: { major: '1' } } });
  await client().register('config-group', { schema: AVRO.bad, metadata: { properties: { major: '2' } } });
  const second = await client().getLatestWithMetadata('config-group', { major: '2' });
  equal('config: another group is not compared, default metadata is given', [second.version, second.metadata], [2, { properties: { major: '2', owner: 'team-a' } }]);
  await refused('config: the same group is compared', () => client().register('config-group', { schema: AVRO.bad, metadata: { properties: { major: '1' } } }), 409, 40901);
}

async function deletes() {
  const subject = 'delete-orders';
  const [first, second] = [{ schema: record('Deleted', id) }, { schema: record('Deleted', id, note) }];
  const one = await client().register(subject, first);
  const two = await client().register(subject, second);
  await refused('delete: hard before soft', () => client().deleteSubjectVersion(subject, 1, true), 404, 40407);
  equal('delete: a version, soft', await client().deleteSubjectVersion(subject, 1), 1);
  await refused('delete: twice', () => client().deleteSubjectVersion(subject, 1), 404, 40406);
  equal('delete: versions without it', await client().getAllVersions(subject), [2]);
  await refused('delete: the version is gone', () => client().getSchemaMetadata(subject, 1), 404, 40402);
  equal('delete: the version can still be read', (await client().getSchemaMetadata(subject, 1, true)).id, one);
  equal('delete: so can its id', (await client().getBySubjectAndId(subject, one)).schema, first.schema);
  await refused('delete: lookup passes over it', () => client().getVersion(subject, first), 404, 40403);
  equal('delete: lookup finds it if asked to', await client().getVersion(subject, first, false, true), 1);
  equal('delete: a version, hard', await client().deleteSubjectVersion(subject, 1, true), 1);
  await refused('delete: its id is gone', () => client().getBySubjectAndId('', one), 404, 40403, `Schema ${one} not found`);
  await refused('delete: a subject, hard before soft', () => client().deleteSubject(subject, true), 404, 40405);
  equal('delete: a subject, soft', await client().deleteSubject(subject), [2]);
  await refused('delete: the subject, twice', () => client().deleteSubject(subject), 404, 40404);
  equal('delete: the subject is not listed', (await client().getAllSubjects()).includes(subject), false);
  equal('delete: register brings it back with its id', await client().register(subject, second), two);
  equal('delete: the subject is listed again', (await client().getAllSubjects()).includes(subject), true);
  await client().deleteSubject(subject);
  equal('delete: a subject, hard', await client().deleteSubject(subject, true), [3]);
  await refused('delete: nothing left to delete', () => client().deleteSubject(subject), 404, 40401);
}

async function contracts() {
  const rule = (name, kind, mode, type, expr) => ({ name, doc: 'a rule', kind, mode, type, tags: ['PII'], params: { a: 'b' }, expr, onSuccess: 'NONE', onFailure: 'ERROR', disabled: false });
  const metadata = { tags: { '**.id': ['PII'] }, properties: { owner: 'team-a', major: '1' }, sensitive: ['owner'] };
  const ruleSet = {
    migrationRules: [rule('up', 'TRANSFORM', RuleMode.UPGRADE, 'JSONATA', "$merge([$, {'note': ''}])")],
    domainRules: [rule('positive', 'CONDITION', RuleMode.WRITE, 'CEL', 'message.id > 0')],
    encodingRules: [rule('wrap', 'TRANSFORM', RuleMode.WRITEREAD, 'ENCRYPT_PAYLOAD', 'x')],
  };
  const contract = { schema: AVRO.v1, metadata, ruleSet };
  const registered = await client().registerFullResponse('contract', contract);
  for (const [name, got] of [
    ['register', registered],
    ['get by version', await client().getSchemaMetadata('contract', 1)],
    ['get by id', await client().getBySubjectAndId('contract', registered.id)],
  ]) {
    equal(`contract: ${name}: metadata`, got.metadata, metadata);
    equal(`contract: ${name}: rules`, got.ruleSet, ruleSet);
  }
  equal('contract: found by metadata', (await client().getLatestWithMetadata('contract', { major: '1', owner: 'team-a' })).id, registered.id);
  await refused('contract: other metadata finds nothing', () => client().getLatestWithMetadata('contract', { major: '2' }), 404, 40403);
  equal('contract: found by itself', await client().getId('contract', contract), registered.id);
  equal('contract: other metadata is another version', (await client().registerFullResponse('contract', { schema: AVRO.v1, metadata: { properties: { owner: 'team-b' } } })).version, 2);
}

// Serdes. Messages are framed and read in memory.

const frame = (data) => [data[0], data.readUInt32BE(1)];

async function serdesAvro() {
  const topic = 'topic-avro';
  const order = { id: 7, note: 'seven' };
  const latest = { autoRegisterSchemas: false, useLatestVersion: true };
  await refused('serde AVRO: without a schema', () => new registry.AvroSerializer(client(), SerdeType.VALUE, latest).serialize(topic, order), 404, 40401);
  const schemaId = await client().register(`${topic}-value`, { schema: AVRO.v2 });
  const data = await new registry.AvroSerializer(client(), SerdeType.VALUE, latest).serialize(topic, order);
  equal('serde AVRO: the frame carries the id', frame(data), [0, schemaId]);
  equal('serde AVRO: round trip', { ...(await new registry.AvroDeserializer(client(), SerdeType.VALUE, {}).deserialize(topic, data)) }, order);
  const byId = await new registry.AvroSerializer(client(), SerdeType.VALUE, { autoRegisterSchemas: false, useSchemaId: schemaId }).serialize(topic, order);
  equal('serde AVRO: with an id', byId, data);
  const inferred = await new registry.AvroSerializer(client(), SerdeType.VALUE, { autoRegisterSchemas: true }).serialize('topic-avro-auto', order);
  equal('serde AVRO: registers the schema of a message', frame(inferred)[1], (await client().getLatestSchemaMetadata('topic-avro-auto-value')).id);

  const headers = {};
  const body = await new registry.AvroSerializer(client(), SerdeType.VALUE, { ...latest, schemaIdSerializer: registry.HeaderSchemaIdSerializer }).serialize(topic, order, headers);
  equal('serde AVRO: the guid in a header', headers.__value_schema_id.length, 17);
  equal('serde AVRO: round trip by guid', { ...(await new registry.AvroDeserializer(client(), SerdeType.VALUE, {}).deserialize(topic, body, headers)) }, order);

  await client().register('serde-address', { schema: AVRO.target });
  await client().register('topic-avro-ref-value', { schema: AVRO.source, references: [{ name: 'interop.Address', subject: 'serde-address', version: 1 }] });
  const referring = await new registry.AvroSerializer(client(), SerdeType.VALUE, latest).serialize('topic-avro-ref', { home: { city: 'Bern' } });
  equal('serde AVRO: round trip through a reference', (await new registry.AvroDeserializer(client(), SerdeType.VALUE, {}).deserialize('topic-avro-ref', referring)).home.city, 'Bern');
}

async function serdesJson() {
  const topic = 'topic-json';
  const latest = { autoRegisterSchemas: false, useLatestVersion: true, validate: true };
  const schemaId = await client().register(`${topic}-value`, { schema: JSON_SCHEMA.v2, schemaType: 'JSON' });
  const data = await new registry.JsonSerializer(client(), SerdeType.VALUE, latest).serialize(topic, { id: 7 });
  equal('serde JSON: the frame carries the id', frame(data), [0, schemaId]);
  equal('serde JSON: round trip', await new registry.JsonDeserializer(client(), SerdeType.VALUE, { validate: true }).deserialize(topic, data), { id: 7 });
  let invalid;
  await new registry.JsonSerializer(client(), SerdeType.VALUE, latest).serialize(topic, { id: 'x' }).catch((e) => (invalid = e));
  equal('serde JSON: the registered schema validates', invalid instanceof registry.SerializationError, true);

  await client().register('serde-address.json', { schema: JSON_SCHEMA.target, schemaType: 'JSON' });
  await client().register('topic-json-ref-value', { schema: JSON_SCHEMA.source, schemaType: 'JSON', references: [{ name: 'address.json', subject: 'serde-address.json', version: 1 }] });
  const home = { home: { city: 'Bern' } };
  const referring = await new registry.JsonSerializer(client(), SerdeType.VALUE, latest).serialize('topic-json-ref', home);
  equal('serde JSON: round trip through a reference', await new registry.JsonDeserializer(client(), SerdeType.VALUE, { validate: true }).deserialize('topic-json-ref', referring), home);
}

// customerMessage is a message of a file that imports a file of ours and a well-known one.
function customerMessage() {
  const [STRING, MESSAGE, OPTIONAL] = [9, 11, 1];
  const files = createFileRegistry(create(FileDescriptorSetSchema, {
    file: [
      file_google_protobuf_timestamp.proto,
      {
        name: 'interop/address.proto', package: 'interop', syntax: 'proto3',
        messageType: [{ name: 'Address', field: [{ name: 'city', number: 1, type: STRING, label: OPTIONAL }] }],
      },
      {
        name: 'interop/customer.proto', package: 'interop', syntax: 'proto3',
        dependency: ['interop/address.proto', 'google/protobuf/timestamp.proto'],
        messageType: [
          { name: 'Unused' },
          {
            name: 'Customer',
            field: [
              { name: 'home', number: 1, type: MESSAGE, typeName: '.interop.Address', label: OPTIONAL },
              { name: 'since', number: 2, type: MESSAGE, typeName: '.google.protobuf.Timestamp', label: OPTIONAL },
            ],
          },
        ],
      },
    ],
  }));
  const description = files.getMessage('interop.Customer');
  const message = create(description, { home: { city: 'Bern' }, since: { seconds: 12n } });
  return { message, messages: createMutableRegistry(description) };
}

async function serdesProtobuf() {
  const topic = 'topic-proto';
  const { message, messages } = customerMessage();
  const data = await new registry.ProtobufSerializer(client(), SerdeType.VALUE, { autoRegisterSchemas: true, registry: messages }).serialize(topic, message);
  const latest = await client().getLatestSchemaMetadata(`${topic}-value`);
  equal('serde PROTOBUF: the frame carries the id', frame(data), [0, latest.id]);
  equal("serde PROTOBUF: the frame carries the message's index", [data[5], data[6]], [2, 2]);
  equal('serde PROTOBUF: the import is registered as a reference', latest.references, [{ name: 'interop/address.proto', subject: 'interop/address.proto', version: 1 }]);
  equal('serde PROTOBUF: the descriptor comes back as text', latest.schema.startsWith('syntax = "proto3";\npackage interop;'), true);
  const got = await new registry.ProtobufDeserializer(client(), SerdeType.VALUE, {}).deserialize(topic, data);
  equal('serde PROTOBUF: round trip', [got.home.city, got.since.seconds], ['Bern', 12n]);
  for (const conf of [{ autoRegisterSchemas: false }, { autoRegisterSchemas: false, useLatestVersion: true }]) {
    equal(`serde PROTOBUF: with ${inspect(conf)}`, await new registry.ProtobufSerializer(client(), SerdeType.VALUE, { ...conf, registry: messages }).serialize(topic, message), data);
  }
}

// The associated-name strategy is the default of the serializers: they ask for the topic's association first.
async function associations() {
  const [topic, subject, resource] = ['topic-assoc', 'shared-orders', 'lkc-1:topic-assoc'];
  const find = (type) => client().getAssociationsByResourceName(topic, '-', 'topic', [type], null, 0, -1);
  equal('association: none', await find('value'), []);
  const schemaId = await client().register(subject, { schema: AVRO.v1 });
  const created = await client().createAssociation({
    resourceName: topic, resourceNamespace: 'lkc-1', resourceId: resource, resourceType: 'topic',
    associations: [{ subject, associationType: 'value', lifecycle: LifecyclePolicy.WEAK }],
  });
  equal('association: created', created.associations, [{ subject, associationType: 'value', lifecycle: 'WEAK' }]);
  const found = await find('value');
  equal('association: found in any namespace', found.map((a) => pick(a, 'subject', 'resourceName', 'resourceNamespace', 'resourceId', 'resourceType', 'associationType', 'lifecycle')), [
    { subject, resourceName: topic, resourceNamespace: 'lkc-1', resourceId: resource, resourceType: 'topic', associationType: 'value', lifecycle: 'WEAK' },
  ]);
  equal('association: none for the key', await find('key'), []);
  const data = await new registry.AvroSerializer(client(), SerdeType.VALUE, { autoRegisterSchemas: false, useLatestVersion: true }).serialize(topic, { id: 7 });
  equal('association: a serializer uses its subject', frame(data), [0, schemaId]);
  equal("association: the topic's own subject stays away", (await client().getAllSubjects()).filter((s) => s.startsWith(topic)), []);
  equal('association: round trip', { ...(await new registry.AvroDeserializer(client(), SerdeType.VALUE, {}).deserialize(topic, data)) }, { id: 7 });
  await client().deleteAssociations(resource, 'topic', ['value'], false);
  equal('association: deleted', await find('value'), []);
  await refused('association: deleted twice', () => client().deleteAssociations(resource, 'topic', ['value'], false), 404, 40410);
  await new registry.AvroSerializer(client(), SerdeType.VALUE, { autoRegisterSchemas: true }).serialize(topic, { id: 7 });
  equal('association: without one the topic names the subject', (await client().getAllSubjects()).filter((s) => s.startsWith(topic)), [`${topic}-value`]);
}

const sections = [
  ['listing', listing],
  ...Object.keys(languages).map((type) => [`schemas ${type}`, () => schemas(type)]),
  ...Object.keys(languages).map((type) => [`references ${type}`, () => references(type)]),
  ['formats', formats],
  ['config', config],
  ['deletes', deletes],
  ['contracts', contracts],
  ['serdes AVRO', serdesAvro],
  ['serdes JSON', serdesJson],
  ['serdes PROTOBUF', serdesProtobuf],
  ['associations', associations],
];

if (!baseURL) {
  console.error('set CONCORDAT_URL to the base URL of an empty registry');
  process.exit(1);
}
let failed = 0;
for (const [name, section] of sections) {
  try {
    await section();
  } catch (e) {
    failed++;
    console.log(e instanceof Failure ? `FAIL ${e.message}` : `FAIL section ${name}: ${inspect(e)}`);
  }
}
if (failed > 0) {
  console.error(`FAIL ${failed} of ${sections.length} sections; ${passed} checks passed`);
  process.exit(1);
}
console.log(`OK ${passed} checks`);
