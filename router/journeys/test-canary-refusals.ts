import { isEnumType, getNamedType } from 'graphql';
import { jsonHeaders, send } from './attacks/wire.ts';
import type { Canaries } from './test-canary-texts.ts';
import { inputOf, singles } from './test-canary-schema.ts';
import type { Place } from './test-canary-places.ts';
import { fill } from './test-canary-writes.ts';
import type { Step } from './test-canary-world.ts';
import type { JourneyStack } from './test-stack.ts';

/** Bodies that carry a canary where something is wrong with them. */
async function wrongBodies(
  stack: JourneyStack,
  canaries: Canaries,
  step: Step,
): Promise<[string, string][]> {
  const type = inputOf(step.mutation);
  const text = canaries.make(`${type.name}.wrong`);
  const word = text.split(' ')[0] ?? '';
  const { input } = await fill(stack, step, canaries);
  const all = (value: (old: string) => unknown) =>
    withTexts(input, (old) => (old.includes(canaries.marker) ? value(old) : old));
  const document = `mutation Write($operation: OperationInput!, $input: ${type.name}!) {
    ${step.mutation}(operation: $operation, input: $input) { verdict problems { code message field } }
  }`;
  const body = (given: unknown, query = document, more = {}) =>
    JSON.stringify({ query, variables: { operation: stack.operation(), input: given }, ...more });
  const enums = Object.values(type.getFields()).filter((one) => isEnumType(getNamedType(one.type)));
  const literal = JSON.stringify(text);
  return [
    ['too long', body(all((old) => old + 'x'.repeat(25_000)))],
    ['an object for a text', body(all((old) => ({ [word]: old })))],
    ['a list for a text', body(all((old) => [old, old]))],
    ['an unknown member', body({ ...input, [word]: text })],
    ['NUL in a text', body(all((old) => `${old}\0`))],
    ['a lone surrogate', body(all((old) => `${old}\ud800`))],
    ['a text for an id', body({ ...input, id: text, patientId: text })],
    ['a text for the input', body(text)],
    ...enums.map(({ name }): [string, string] => [
      `no such ${name}`,
      body({ ...input, [name]: word }),
    ]),
    ['another operation name', body(input, document, { operationName: word })],
    ['extensions', body(input, document, { extensions: { [word]: text } })],
    ['broken JSON', body(input).slice(0, -40)],
    [
      'a literal and no such field',
      body(input, `mutation { ${step.mutation}(input: { x: ${literal} }) { no } }`),
    ],
    [
      'a literal that never ends',
      body(input, `mutation { ${step.mutation}(input: { x: ${literal.slice(0, -1)}`),
    ],
  ];
}

function withTexts(value: unknown, change: (text: string) => unknown): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => withTexts(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, withTexts(one, change)]),
  );
}

/** Sends every step wrongly, by several people. @returns what was answered, for it to be searched */
export async function writeWrongly(
  stack: JourneyStack,
  canaries: Canaries,
  steps: readonly Step[],
): Promise<readonly Place[]> {
  const places: Place[] = [];
  const firsts = [...new Map(steps.map((step) => [step.mutation, step])).values()];
  for (const step of firsts.filter(({ mutation }) => (singles.get(mutation)?.length ?? 0) > 0)) {
    const own = await stack.token(step.actor);
    for (const [what, body] of await wrongBodies(stack, canaries, step)) {
      for (const token of [own, undefined]) {
        const answer = await send(stack.url, { headers: jsonHeaders(token), body });
        const name = `${step.mutation}, ${what}: ${answer.status}`;
        places.push({ name, bytes: Buffer.from(answer.text + JSON.stringify(answer.headers)) });
      }
    }
  }
  return places;
}

/** Puts canaries where no text belongs: addresses, headers, other methods. */
export async function knockEverywhere(
  stack: JourneyStack,
  canaries: Canaries,
): Promise<readonly Place[]> {
  const text = canaries.make('address.wrong');
  const word = text.split(' ')[0] ?? '';
  const escaped = encodeURIComponent(text);
  const json = jsonHeaders(await stack.token('hospital-clinician-1'));
  const body = JSON.stringify({ query: '{ me { id } }' });
  const wires: Parameters<typeof send>[1][] = [
    { method: 'GET', path: `/graphql?query=%7B__typename%7D&variables=${escaped}`, headers: json },
    { method: 'GET', path: `/graphql?query=${escaped}` },
    { method: 'GET', path: `/${word}` },
    { method: 'GET', path: `/explorer/${word}` },
    { method: 'GET', path: `/ready?${word}` },
    { method: 'PUT', path: `/graphql/${word}`, headers: json, body },
    ...[
      'x-purpose',
      'x-request-id',
      'x-break-glass',
      'traceparent',
      'user-agent',
      'origin',
      'dpop',
    ].map((name) => ({ headers: [...json, [name, word] as const], body })),
    { headers: jsonHeaders(word), body },
    { headers: [['content-type', `text/${word}`]], body: text },
  ];
  const answers = wires.map(async (wire) => {
    const { status, headers, text: answered } = await send(stack.url, wire);
    const name = `${wire?.method ?? 'POST'} ${wire?.path ?? '/graphql'}: ${status}`;
    return { name, bytes: Buffer.from(answered + JSON.stringify(headers)) };
  });
  return Promise.all(answers);
}

/** What anybody may ask without a token. */
export async function openDoors(stack: JourneyStack): Promise<readonly Place[]> {
  const paths = ['/ready', '/healthz', '/metrics', '/explorer/sign-ins', '/explorer/', '/'];
  return Promise.all(
    paths.map(async (path) => {
      const { status, text } = await send(stack.url, { method: 'GET', path });
      return { name: `GET ${path}: ${status}`, bytes: Buffer.from(text) };
    }),
  );
}
