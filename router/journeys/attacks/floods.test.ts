import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { defaultRouterConfig } from '../../src/index.ts';
import { startJourney, type JourneyStack } from '../test-stack.ts';
import { tokenOf } from './callers.ts';
import { tapped } from './tap.ts';
import { codesOf, jsonHeaders, readBody, send } from './wire.ts';

vi.mock(import('../../src/subgraph/in-process-transport.ts'), async (original) =>
  (await import('./tap.ts')).withTap(await original()),
);

/**
 * Requests that are small to send and large to answer. Each must be refused with its code before a
 * subgraph hears of it, whatever the text stands for, and the router must go on answering. A defence
 * that unfolded one of these documents would not come back within the test's own time.
 */
const { limits } = defaultRouterConfig;
let stack: JourneyStack;
let token: string;

beforeAll(async () => {
  stack = await startJourney({ households: 2 });
  // A clinician may ask nearly everything, so nothing is refused for another reason.
  token = await tokenOf(stack, 'hospital-clinician-1');
});
afterAll(() => stack.stop());

beforeEach(() => void tapped.splice(0));
afterEach(async () => {
  const ready = await send(stack.url, { method: 'GET', path: '/ready' });
  expect(ready.status).toBe(200);
});

const post = (body: unknown) =>
  send(stack.url, { headers: jsonHeaders(token), body: JSON.stringify(body) });

async function expectRefused(body: unknown, code: string, detail: Record<string, unknown> = {}) {
  const answer = await post(body);
  expect(codesOf(answer)).toEqual([code]);
  expect(answer.status).toBe(400);
  expect(readBody(answer).data ?? null).toBeNull();
  expect(readBody(answer).errors[0]?.extensions).toMatchObject(detail);
  expect(tapped).toEqual([]);
  return answer;
}

const repeat = (many: number, make: (at: number) => string, between = ' ') =>
  Array.from({ length: many }, (_, at) => make(at)).join(between);
const limit = (name: string) => ({ limit: name });
const over = 'DOCUMENT_LIMIT_EXCEEDED';

test('the tap counts: a question that is allowed reaches a subgraph', async () => {
  const answer = await post({ query: '{ patients(first: 1) { edges { node { id } } } }' });
  expect(codesOf(answer)).toEqual([]);
  expect(tapped.length).toBeGreaterThan(0);
});

describe('batches', () => {
  const one = { query: '{ patients { edges { cursor } } }' };
  test.each([1, 2, 1_000])('an array of %i operations', async (many) => {
    await expectRefused(Array(many).fill(one), 'BAD_REQUEST');
  });

  test('arrays in arrays, as deep as a parser goes', async () => {
    const body = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const answer = await send(stack.url, { headers: jsonHeaders(token), body });
    expect(codesOf(answer)).toEqual(['BAD_REQUEST']);
    expect(tapped).toEqual([]);
  });

  test('one document with many operations runs none without a name', async () => {
    const query = repeat(200, (at) => `query Q${at} { __typename }`);
    await expectRefused({ query }, 'BAD_REQUEST');
  });

  test('a body above the limit', async () => {
    const answer = await post({ query: '{ __typename }', pad: 'x'.repeat(1_048_576) });
    expect(answer.status).toBe(413);
    expect(codesOf(answer)).toEqual(['BODY_TOO_LARGE']);
    expect(tapped).toEqual([]);
  });

  test('more operations in one replay than a subgraph takes', async () => {
    const operations = Array.from({ length: 2_000 }, () => ({ operation: stack.operation() }));
    const query =
      'mutation ($o: [PatientOperation!]!) { applyPatientOperations(operations: $o) { verdict } }';
    const answer = await post({ query, variables: { o: operations } });
    expect(['COST_EXCEEDED', 'BATCH_TOO_LARGE']).toContain(codesOf(answer)[0]);
    if (codesOf(answer)[0] === 'COST_EXCEEDED') expect(tapped).toEqual([]);
  });
});

describe('documents', () => {
  test('a flood of aliases at the root', async () => {
    const query = `{ ${repeat(limits.maxRootFields, (at) => `a${at}: me { id }`)} b: me { id } }`;
    await expectRefused({ query }, over, limit('root-fields'));
  });

  test('a flood of aliases below one field', async () => {
    const query = `{ me { ${repeat(limits.maxAliases + 1, (at) => `a${at}: id`)} } }`;
    await expectRefused({ query }, over, limit('aliases'));
  });

  test('aliases hidden in a fragment that is spread again and again', async () => {
    const query = `{ me { ${repeat(5, () => '...A')} } }
      fragment A on Staff { ${repeat(10, (at) => `a${at}: id`)} }`;
    await expectRefused({ query }, over, limit('aliases'));
  });

  test('nested fields', async () => {
    const around = (depth: number): string =>
      depth === 0 ? 'id' : `household { members { ${around(depth - 1)} } }`;
    const query = `{ patients(first: 1) { edges { node { ${around(10)} } } } }`;
    await expectRefused({ query }, over, limit('depth'));
  });

  test('nesting split over fragments', async () => {
    const fragments = repeat(
      10,
      (at) => `fragment F${at} on Patient { household { members { ...F${at + 1} } } }`,
    );
    const query = `{ patients(first: 1) { edges { node { ...F0 } } } }
      ${fragments} fragment F10 on Patient { id }`;
    await expectRefused({ query }, over, limit('depth'));
  });

  test('inline fragments in inline fragments', async () => {
    // No field is nested, and each level is a call of whoever walks the tree.
    const query = `{ ${'... { '.repeat(900)} __typename ${'} '.repeat(900)} }`;
    const answer = await post({ query });
    expect(readBody(answer).errors.length + (readBody(answer).data ? 1 : 0)).toBeGreaterThan(0);
    expect(codesOf(answer)).not.toContain('INTERNAL');
  });

  test.each([
    ['one that spreads itself', 'fragment A on Query { ...A }'],
    ['two that spread each other', 'fragment A on Query { ...B } fragment B on Query { ...A }'],
    [
      'a circle through a field',
      'fragment A on Query { me { ...B } } fragment B on Staff { ...C } fragment C on Staff { ...B }',
    ],
  ])('a circle of fragments: %s', async (_name, fragments) => {
    await expectRefused({ query: `{ ...A } ${fragments}` }, over, limit('fragment-cycle'));
  });

  test('a circle of fragments that nothing spreads', async () => {
    const fragments = 'fragment A on Query { ...B } fragment B on Query { ...A }';
    await expectRefused({ query: `{ __typename } ${fragments}` }, over, limit('fragment-cycle'));
  });

  test.each([
    ['fields', 'me { id }'],
    ['fields without a sub-selection', '__typename'],
  ])('fragments that double forty times: %s', async (_name, leaf) => {
    const fragments = repeat(
      40,
      (at) => `fragment F${at} on Query { ...F${at + 1} ...F${at + 1} }`,
    );
    const query = `{ ...F0 } ${fragments} fragment F40 on Query { ${leaf} }`;
    await expectRefused({ query }, over, limit('fields'));
  });

  test('fragments that double forty times behind @skip', async () => {
    // @skip leaves nothing to run, but the text still has to be walked.
    const fragments = repeat(
      40,
      (at) => `fragment F${at} on Query { ...F${at + 1} ...F${at + 1} }`,
    );
    const query = `{ me { id } ...F0 @skip(if: true) } ${fragments} fragment F40 on Query { x: me { id } }`;
    await expectRefused({ query }, over, limit('fields'));
  });

  test('the same in an unused fragment is still not unfolded', async () => {
    const fragments = repeat(
      40,
      (at) => `fragment F${at} on Query { ...F${at + 1} ...F${at + 1} }`,
    );
    const query = `{ __typename } ${fragments} fragment F40 on Query { __typename }`;
    const answer = await post({ query });
    expect(answer.status).toBe(400);
    expect(codesOf(answer)).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    expect(tapped).toEqual([]);
  });

  test('fields that overlap in pairs', async () => {
    const query = `{ ${repeat(1_400, () => 'me { id }')} }`;
    const answer = await post({ query });
    expect(codesOf(answer)).toEqual([over]);
    expect(tapped).toEqual([]);
  });

  test.each([
    ['in one place', `{ __typename ${'@include(if: true) '.repeat(5)}}`],
    ['of one name that is unknown', `{ __typename ${'@a'.repeat(700)} }`],
    ['spread over fields', `{ me { ${repeat(61, () => 'id @include(if: true)')} } }`],
    ['on the operation', `query ${'@a '.repeat(5)} { __typename }`],
    ['on a variable', `query ($a: Int ${'@a '.repeat(5)}) { __typename }`],
    [
      'on a fragment that is spread often',
      `{ me { ${repeat(31, () => '...A')} } } fragment A on Staff { id @skip(if: false) @include(if: true) }`,
    ],
  ])('directives %s', async (_name, query) => {
    await expectRefused({ query }, over, limit('directives'));
  });

  test.each([
    ['fields', `{ ${'__typename '.repeat(limits.maxTokens)} }`],
    ['arguments that never end', `{ me(${'a: 1 '.repeat(100_000)}`],
    ['braces that never close', '{ a '.repeat(100_000)],
    ['a list value in list values', `{ searchPatients(name: ${'['.repeat(50_000)}`],
    ['commented lines, then a flood', `${'#\n'.repeat(1_000)}{ ${'a '.repeat(100_000)} }`],
  ])('a flood of tokens: %s', async (_name, query) => {
    await expectRefused({ query }, over, limit('tokens'));
  });

  test('a comment or a string as long as the body', async () => {
    const long = 'x'.repeat(900_000);
    expect(codesOf(await post({ query: `{ __typename } # ${long}` }))).toEqual([]);
    const named = await post({
      query: `{ searchPatients(name: "${long}", first: 1) { total } }`,
    });
    expect(named.text.length).toBeLessThan(2_000);
    expect(named.text).not.toContain('xxxx');
  });

  test('a flood of variables', async () => {
    const declared = repeat(2_000, (at) => `$v${at}: Int`);
    await expectRefused({ query: `query (${declared}) { __typename }` }, over, limit('tokens'));
  });
});

describe('cost', () => {
  const nested = (first: string) => `patients(first: ${first}) { edges { node {
    checkups(first: ${first}) { edges { node { patient {
      checkups(first: ${first}) { edges { node { id } } } } } } } } } }`;

  test('lists of two hundred in lists of two hundred', async () => {
    const answer = await expectRefused({ query: `{ ${nested('200')} }` }, 'COST_EXCEEDED');
    expect(readBody(answer).errors[0]?.extensions['cost']).toBeGreaterThan(limits.costBudget);
  });

  test('the same in variables, and in their defaults', async () => {
    const given = `query ($n: Int!) { ${nested('$n')} }`;
    await expectRefused({ query: given, variables: { n: 200 } }, 'COST_EXCEEDED');
    const preset = `query ($n: Int! = 200) { ${nested('$n')} }`;
    await expectRefused({ query: preset }, 'COST_EXCEEDED');
  });

  test('many roots that are cheap each', async () => {
    const query = `{ ${repeat(20, (at) => `a${at}: patients(first: 200) { edges { node { id household { id } } } }`)} }`;
    await expectRefused({ query }, 'COST_EXCEEDED');
  });

  test('the dear operation behind the name of a cheap one', async () => {
    const query = `query cheap { __typename } query dear { ${nested('200')} }`;
    await expectRefused({ query, operationName: 'dear' }, 'COST_EXCEEDED');
    expect(codesOf(await post({ query, operationName: 'cheap' }))).toEqual([]);
  });

  test.each([
    ['a negative size', -1_000_000],
    ['none', 0],
    ['beyond a page', 100_000],
    ['beyond what is an Int', 1e300],
    ['a text', '1'],
    ['a fraction', 0.001],
    ['a list', [1]],
    ['null', null],
  ])('a variable that lies about the size of a list: %s', async (_name, n) => {
    const query = `query ($n: Int!) { ${nested('$n')} }`;
    const answer = await post({ query, variables: { n } });
    // No size at all, which is no size to be judged by, is BAD_REQUEST.
    const refusals = ['COST_EXCEEDED', 'BAD_REQUEST', 'BAD_USER_INPUT', 'PAGE_SIZE_INVALID'];
    expect(refusals).toContain(codesOf(answer)[0]);
    expect(codesOf(answer)).toHaveLength(1);
    expect(readBody(answer).data?.['patients'] ?? null).toBeNull();
  });

  test('a negative size here does not pay for a large one there', async () => {
    const query = `query ($less: Int!) {
      a: patients(first: $less) { edges { node { checkups(first: 200) { edges { cursor } } } } }
      ${nested('200')} }`;
    await expectRefused({ query, variables: { less: -200 } }, 'COST_EXCEEDED');
  });

  test('skipped by a variable that is false', async () => {
    const query = `query ($no: Boolean!) { ...A @skip(if: $no) } fragment A on Query { ${nested('200')} }`;
    await expectRefused({ query, variables: { no: false } }, 'COST_EXCEEDED');
    const lying = await post({ query, variables: { no: 'false' } });
    expect(codesOf(lying)[0]).toMatch(/BAD_USER_INPUT|COST_EXCEEDED/);
    expect(tapped).toEqual([]);
  });

  test('lists in variables', async () => {
    const many = Array.from({ length: 20_000 }, () => stack.newId());
    const query = `mutation ($operation: OperationInput!, $input: RegisterStaffInput!) {
      registerStaff(operation: $operation, input: $input) { verdict } }`;
    const institutionId = stack.newId();
    const input = {
      id: stack.newId(),
      name: 'x',
      role: 'HEALTH_WORKER',
      institutionId,
      areaIds: many,
    };
    const answer = await post({ query, variables: { operation: stack.operation(), input } });
    // Whether for its size or for the role: nothing is written.
    expect(codesOf(answer)[0]).toMatch(/COST_EXCEEDED|FORBIDDEN|BAD_USER_INPUT/);
  });

  test('objects in variables, as deep as JSON goes', async () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    const body = `{"query":"query ($n: Int!) { patients(first: $n) { edges { cursor } } }","variables":{"n":${deep}}}`;
    const answer = await send(stack.url, { headers: jsonHeaders(token), body });
    expect(codesOf(answer)[0]).toMatch(/BAD_REQUEST|BAD_USER_INPUT/);
    expect(answer.text.length).toBeLessThan(2_000);
  });
});

test('a thousand refusals later the graph answers as before', async () => {
  const query = `{ ${'__typename '.repeat(1_600)} }`;
  for (let round = 0; round < 20; round += 1) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => post({ query })));
    for (const answer of answers) expect([400, 429]).toContain(answer.status);
  }
  expect(tapped).toEqual([]);
  const good = await tokenOf(stack, 'health-worker-1');
  const answer = await send(stack.url, {
    headers: jsonHeaders(good),
    body: JSON.stringify({ query: '{ me { id } }' }),
  });
  expect(codesOf(answer)).toEqual([]);
});
