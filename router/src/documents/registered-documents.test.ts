import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import fc from 'fast-check';
import { registerDocuments, type RegisteredOperation } from '@caregraph/schema-registry';
import { composeFixtures, startStack, type Stack } from '../test-stack.ts';

const partner = '0190b5c0-5a1e-7c3d-9f24-6b8e1d7a4c52';

const texts = {
  Patients: 'query Patients { patients { id name } }',
  PatientById: 'query PatientById($id: ID!) { patient(id: $id) { id name checkups { id } } }',
  CheckupCount: 'query CheckupCount { checkupCount }',
  Broken: 'query Broken { broken checkupCount }',
  Rename:
    'mutation Rename($id: ID!, $name: String!) { renamePatient(id: $id, name: $name) { id } }',
};

function manifestOf(client: string, documents: Record<string, string>) {
  const registration = registerDocuments({
    client,
    sources: Object.entries(documents).map(([name, text]) => ({ path: `${name}.graphql`, text })),
    supergraphSdl: composeFixtures(),
  });
  if (registration.kind === 'refused') throw new Error(registration.problems.join('\n'));
  return registration.manifest.operations;
}

const operations = manifestOf('field-app', texts);
const others = manifestOf(partner, { Names: 'query Names { patients { name } }' });
const byId = (list: readonly RegisteredOperation[]) => new Map(list.map((one) => [one.id, one]));
const named = (name: keyof typeof texts): RegisteredOperation => {
  const found = operations.find((one) => one.name === name);
  if (!found) throw new Error(`no document ${name}`);
  return found;
};

let stack: Stack;
let app: string;
let reached = 0;

beforeAll(async () => {
  stack = await startStack({
    documents: {
      load: async () =>
        new Map([
          ['field-app', byId(operations)],
          [partner, byId(others)],
        ]),
    },
  });
  for (const subgraph of Object.values(stack.subgraphs)) {
    const execute = subgraph.execute.bind(subgraph);
    const counting: typeof execute = (request) => {
      reached += 1;
      return execute(request);
    };
    Object.assign(subgraph, { execute: counting });
  }
  const { tokens, subject } = stack;
  app = await tokens.issue({ ...subject, clientId: 'field-app', documents: 'registered' });
});
afterAll(() => stack.stop());
beforeEach(() => {
  reached = 0;
});

async function send(init: {
  body?: unknown;
  text?: string;
  search?: string;
  token?: string;
  headers?: Record<string, string>;
}) {
  const answer = await fetch(`${stack.url}/graphql${init.search ?? ''}`, {
    method: init.search === undefined ? 'POST' : 'GET',
    headers: {
      authorization: `Bearer ${init.token ?? app}`,
      ...(init.search === undefined ? { 'content-type': 'application/json' } : {}),
      ...init.headers,
    },
    ...(init.search === undefined ? { body: init.text ?? JSON.stringify(init.body) } : {}),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

const persisted = (sha256Hash: string, version = 1) => ({
  persistedQuery: { version, sha256Hash },
});
const url = (parameters: Record<string, string>) =>
  `?${new URLSearchParams(parameters).toString()}`;

test('a registered document runs by its id, with its variables', async () => {
  const { id } = named('PatientById');
  const variables = { id: '1' };
  const data = { patient: { id: '1', name: 'Asha', checkups: [{ id: 'c1' }] } };
  const ways = [
    { documentId: id },
    { documentId: `sha256:${id}` },
    { documentId: id, operationName: 'PatientById' },
    { documentId: id, operationName: null, query: null, extensions: null },
    { extensions: persisted(id) },
    { extensions: { ...persisted(id), clientLibrary: { name: 'x' } } },
  ];
  for (const way of ways) {
    const answer = await send({ body: { ...way, variables } });
    expect(answer).toMatchObject({ status: 200, body: { data } });
  }
  expect(reached).toBe(2 * ways.length);
});

test('a registered mutation runs by POST and never by GET', async () => {
  const { id } = named('Rename');
  const variables = { id: '1', name: 'Asha' };
  expect(await send({ body: { documentId: id, variables } })).toMatchObject({
    status: 200,
    body: { data: { renamePatient: { id: '1' } } },
  });
  reached = 0;
  const search = url({ documentId: id, variables: JSON.stringify(variables) });
  const byGet = await send({ search });
  expect(byGet).toMatchObject({
    status: 405,
    body: { errors: [{ extensions: { code: 'METHOD_NOT_ALLOWED', reason: 'MUTATION_BY_GET' } }] },
  });
  expect(byGet.headers.get('allow')).toBe('POST');
  expect(reached).toBe(0);
});

test('a document whose variables take any text is not run by GET', async () => {
  const search = url({ documentId: named('PatientById').id, variables: '{"id":"1"}' });
  expect(await send({ search })).toMatchObject({
    status: 405,
    body: { errors: [{ extensions: { reason: 'VARIABLES_IN_URL' } }] },
  });
  expect(reached).toBe(0);
});

test('GET answers can be kept and asked for again', async () => {
  const search = url({ extensions: JSON.stringify(persisted(named('Patients').id)) });
  const first = await send({ search });
  expect(first).toMatchObject({
    status: 200,
    body: { data: { patients: [{ name: 'Asha' }, {}] } },
  });
  const tag = first.headers.get('etag') ?? '';
  expect(tag).toMatch(/^"[\w-]{43}"$/);
  expect(first.headers.get('cache-control')).toBe('private, max-age=0, must-revalidate');
  expect(first.headers.get('vary')?.toLowerCase()).toContain('authorization');

  for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
    const again = await send({ search, headers: { 'if-none-match': known } });
    expect(again).toMatchObject({ status: 304, body: undefined });
    expect(again.headers.get('etag')).toBe(tag);
  }
  // Asked again it ran again: access and audit are the same with and without a kept answer.
  expect(reached).toBe(5);
  expect(await send({ search, headers: { 'if-none-match': '"other"' } })).toMatchObject({
    status: 200,
  });
});

test('an answer with errors, and every answer to POST, is kept by nobody', async () => {
  const broken = await send({ search: url({ documentId: named('Broken').id }) });
  expect(broken).toMatchObject({ status: 200, body: { errors: [{}], data: { checkupCount: 3 } } });
  expect(broken.headers.get('etag')).toBeNull();
  expect(broken.headers.get('cache-control')).toBe('no-store');
  const posted = await send({ body: { documentId: named('Patients').id } });
  expect(posted.headers.get('cache-control')).toBe('no-store');
});

test('each client has its own documents, and the ids of others are unknown to it', async () => {
  const { tokens, subject } = stack;
  const [names] = others;
  const body = { documentId: names?.id };
  const theirs = await tokens.issue({
    ...subject,
    id: partner,
    roles: ['partner'],
    purposes: ['care_coordination'],
    clientId: partner,
    documents: 'registered',
  });
  expect(await send({ body, token: theirs })).toMatchObject({ status: 200 });
  const stranger = await tokens.issue({ ...subject, clientId: 'someone', documents: 'registered' });
  reached = 0;
  const refused = {
    status: 400,
    body: { errors: [{ extensions: { code: 'DOCUMENT_NOT_REGISTERED', reason: 'ID_UNKNOWN' } }] },
  };
  expect(await send({ body })).toMatchObject(refused);
  expect(await send({ body, token: stranger })).toMatchObject(refused);
  expect(await send({ body: { documentId: named('Patients').id }, token: theirs })).toMatchObject(
    refused,
  );
  expect(reached).toBe(0);
});

test('a client with free documents sends text, and has no use for ids', async () => {
  const { token } = stack;
  expect(await send({ body: { query: '{ checkupCount }' }, token })).toMatchObject({ status: 200 });
  reached = 0;
  const { id } = named('CheckupCount');
  expect(await send({ body: { documentId: id }, token })).toMatchObject({ status: 400 });
  expect(await send({ body: { extensions: persisted(id) }, token })).toMatchObject({
    body: { errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } }] },
  });
  expect(reached).toBe(0);
});

test('without a token nothing is looked up', async () => {
  const body = { documentId: named('CheckupCount').id };
  expect(await send({ body, token: 'none' })).toMatchObject({ status: 401 });
  expect(reached).toBe(0);
});

/** Ways to turn a request for a registered document into something that is none. */
const hex = '0123456789abcdef';
const mutations: Record<
  string,
  (one: RegisteredOperation, seed: number) => Parameters<typeof send>[0]
> = {
  'text of it': ({ body }) => ({ body: { query: body } }),
  'text with whitespace': ({ body }, seed) => {
    const at = seed % body.length;
    return { body: { query: `${body.slice(0, at)}${' \n\t,\ufeff'[seed % 5]}${body.slice(at)}` } };
  },
  'text with a comment': ({ body }, seed) => ({ body: { query: `# ${seed}\n${body}` } }),
  'text with an alias': ({ body }, seed) => ({
    body: { query: body.replace('{', `{ a${seed}: __typename `) },
  }),
  'text with another name': ({ name, body }, seed) => ({
    body: { query: body.replace(name, `${name}${seed}`) },
  }),
  'text by GET': ({ body }) => ({ search: url({ query: body }) }),
  'a bit of the id flipped': ({ id }, seed) => {
    const at = seed % 64;
    const digit = hex[hex.indexOf(id.charAt(at)) ^ (1 << (seed % 4))];
    return { body: { documentId: `${id.slice(0, at)}${digit}${id.slice(at + 1)}` } };
  },
  'upper case': ({ id }) => ({ body: { documentId: id.toUpperCase() } }),
  'upper case prefix': ({ id }) => ({ body: { documentId: `SHA256:${id}` } }),
  'prefix twice': ({ id }) => ({ body: { documentId: `sha256:sha256:${id}` } }),
  'apq prefix': ({ id }) => ({ body: { documentId: `apq:${id}` } }),
  'space around': ({ id }, seed) => ({
    body: { documentId: [` ${id}`, `${id} `, `${id}\n`, `${id}\u0000`][seed % 4] },
  }),
  shorter: ({ id }, seed) => ({ body: { documentId: id.slice(0, seed % 64) } }),
  'full width digits': ({ id }) => ({
    body: { documentId: id.replace(/\d/g, (d) => String.fromCodePoint(0xff10 + Number(d))) },
  }),
  'look-alike letter': ({ id }) => ({
    body: { documentId: id.replace(/[ac e]/, 'а').padEnd(65, '\u200d') },
  }),
  'the id as a list': ({ id }) => ({ body: { documentId: [id] } }),
  'the id of another client': () => ({ body: { documentId: others[0]?.id } }),
  'id and its text': ({ id, body }) => ({ body: { documentId: id, query: body } }),
  'id and other text': ({ id }, seed) => ({
    body: { documentId: id, query: `{ patients { id a${seed}: name } }` },
  }),
  'hash and other text': ({ id }) => ({
    body: { extensions: persisted(id), query: '{ patients { id } }' },
  }),
  'hash and its text': ({ id, body }) => ({ body: { extensions: persisted(id), query: body } }),
  'id and empty text': ({ id }) => ({ body: { documentId: id, query: '' } }),
  'hash of another version': ({ id }, seed) => ({ body: { extensions: persisted(id, 2 + seed) } }),
  'version as text': ({ id }) => ({
    body: { extensions: { persistedQuery: { version: '1', sha256Hash: id } } },
  }),
  'hash with company': ({ id }) => ({
    body: {
      extensions: { persistedQuery: { version: 1, sha256Hash: id, query: '{ patients { id } }' } },
    },
  }),
  'id and hash of two documents': ({ id }) => ({
    body: { documentId: id, extensions: persisted(others[0]?.id ?? '') },
  }),
  'other operation name': ({ id }, seed) => ({
    body: { documentId: id, operationName: `Other${seed}` },
  }),
  'batch of ids': ({ id }) => ({ body: [{ documentId: id }, { documentId: id }] }),
  'batch of one text': ({ body }) => ({ body: [{ query: body }] }),
  'id twice, the right one last': ({ id }) => ({ text: `{"documentId":"x","documentId":"${id}"}` }),
  'id twice, once escaped': ({ id }) => ({
    text: `{"documentId":"${id}","document\\u0049d":"${id}"}`,
  }),
  'text behind the id, twice': ({ id }) => ({
    text: `{"documentId":"${id}","query":"{ patients { id } }","query":null}`,
  }),
  'hash twice': ({ id }) => ({
    text: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"${id}","sha256Hash":"${id}"}}}`,
  }),
  'id twice in the URL': ({ id }) => ({ search: `?documentId=${id}&documentId=${id}` }),
  'id and text in the URL': ({ id, body }) => ({ search: url({ documentId: id, query: body }) }),
  'hash twice in the URL': ({ id }) => ({
    search: url({
      extensions: `{"persistedQuery":{"version":1,"sha256Hash":"x","sha256Hash":"${id}"}}`,
    }),
  }),
  'id in the URL of a POST': ({ id }) => ({ body: { at: id } }),
  prototype: ({ id }) => ({ text: `{"__proto__":{"documentId":"${id}"}}` }),
  'name of the map': () => ({ body: { documentId: 'constructor' } }),
  'a number': (_, seed) => ({ body: { documentId: seed } }),
  'no object': (_, seed) => ({ text: ['null', '1', '"x"', '[]', 'true'][seed % 5] ?? '' }),
  nothing: () => ({ body: {} }),
  introspection: () => ({ body: { query: '{ __schema { types { name } } }' } }),
  'deep text': (_, seed) => ({ body: { query: '{a'.repeat(1_000 + seed) } }),
};

test('1,000 mutated documents: none runs, and the registered one does before and after', async () => {
  const registered = () => send({ body: { documentId: named('CheckupCount').id } });
  expect(await registered()).toMatchObject({ status: 200, body: { data: { checkupCount: 3 } } });
  const runnable = operations.filter(({ type }) => type === 'query');
  const used = new Set<string>();
  reached = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(mutations)),
      fc.constantFrom(...runnable),
      fc.nat(10_000),
      async (kind, document, seed) => {
        used.add(kind);
        const request = mutations[kind]?.(document, seed) ?? {};
        const { status, body } = await send(request);
        expect(status).toBe(400);
        expect(['DOCUMENT_NOT_REGISTERED', 'BAD_REQUEST']).toContain(
          body.errors[0].extensions.code,
        );
        expect(body.data).toBeUndefined();
        expect(reached).toBe(0);
      },
    ),
    { numRuns: 1_000 },
  );
  expect(used.size).toBe(Object.keys(mutations).length);
  expect(reached).toBe(0);
  expect(await registered()).toMatchObject({ status: 200, body: { data: { checkupCount: 3 } } });
  expect(reached).toBe(1);
}, 60_000);

test('nothing of what was refused is in the log', async () => {
  await send({ body: { query: '{ patients(name: "Asha Devi") { id } }' } });
  await send({ search: url({ documentId: 'Asha Devi' }) });
  expect(stack.log.join('\n')).not.toContain('Asha');
});
