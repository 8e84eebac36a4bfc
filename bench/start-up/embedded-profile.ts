import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { setTimeout as waitMs } from 'node:timers/promises';
import { z } from 'zod';

const bootstrap = fileURLToPath(new URL('../../packages/cli/bootstrap.mjs', import.meta.url));
const deadlineMs = 150_000;

/** Root fields of all five subgraphs: answered while the graph is still empty, too. */
const fiveSubgraphs = `{
  me { id }
  patients(first: 1) { edges { node { id } } }
  checkups(first: 1) { edges { node { id } } }
  prescriptions(first: 1) { edges { node { id } } }
  auditEvent(id: "01900000-0000-7000-8000-000000000000") { id }
}`;

/** One person's record out of all five stores. */
const wholeRecord = `{
  patients(first: 1) { edges { node {
    name
    area { name }
    registeredBy { name institution { name } }
    checkups(first: 1) { edges { node { visitType } } }
    prescriptions(first: 1) { edges { node { state } } }
    accessHistory(first: 1) { edges { node { occurredAt } } }
  } } }
}`;

const patients = z.object({ edges: z.array(z.object({ node: z.looseObject({}) })) });
const answerOf = { errors: z.undefined().optional() };
const fiveAnswer = z.object({ ...answerOf, data: z.looseObject({ patients }) });
const recordNode = z.object({
  name: z.string(),
  area: z.object({ name: z.string() }),
  registeredBy: z.object({ name: z.string() }),
  checkups: z.object({ edges: z.array(z.unknown()) }),
  prescriptions: z.object({ edges: z.array(z.unknown()) }),
  accessHistory: z.object({ edges: z.array(z.unknown()).min(1) }),
});
const recordAnswer = z.object({
  ...answerOf,
  data: z.object({
    patients: z.object({ edges: z.array(z.object({ node: recordNode })).length(1) }),
  }),
});
const signIns = z.array(z.object({ role: z.string(), token: z.string() }));

export interface StartUp {
  /** From spawning `npm start` to the first answer, in milliseconds. */
  readonly firstAnswerMs: number;
  /** The same to the greeting, when the demo district is loaded. */
  greeted(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Does what `npm start` does on a data directory, and asks until the first right answer comes.
 *
 * @param question `any` is answered by an empty graph too; `record` needs the demo district
 */
export async function startEmbeddedProfile(
  dataDirectory: string,
  question: 'any' | 'record',
): Promise<StartUp> {
  const port = await freePort();
  const begun = performance.now();
  const child = spawn(process.execPath, [bootstrap, 'start'], {
    env: { ...process.env, CAREGRAPH_DATA: dataDirectory, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const endAtExit = () => void child.kill('SIGTERM');
  process.once('exit', endAtExit);
  child.once('exit', () => process.removeListener('exit', endAtExit));
  let words = '';
  let greetedMs: number | undefined;
  const hear = (chunk: Buffer) => {
    words += chunk.toString();
    if (words.includes('CareGraph is running')) greetedMs ??= performance.now() - begun;
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);

  /** Polls until there is a value. */
  async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      const value = await look();
      if (value !== undefined) return value;
      const over = performance.now() - begun > deadlineMs || child.exitCode !== null;
      if (over) throw new Error(`${what} did not come (exit ${child.exitCode}):\n${words}`);
      await waitMs(20);
    }
  }
  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }

  try {
    const url = `http://127.0.0.1:${port}`;
    const token = await until('a token', () => signIn(url));
    await until('the first answer', () => ask(url, token, question));
    return {
      firstAnswerMs: performance.now() - begun,
      greeted: () => until('the greeting', async () => greetedMs),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function signIn(url: string): Promise<string | undefined> {
  const text = await reached(() => fetch(`${url}/explorer/sign-ins`));
  const offered = text === undefined ? [] : signIns.parse(JSON.parse(text));
  return offered.find(({ role }) => role === 'clinician')?.token;
}

async function ask(url: string, token: string, question: 'any' | 'record') {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ query: question === 'any' ? fiveSubgraphs : wholeRecord });
  const text = await reached(() => fetch(`${url}/graphql`, { method: 'POST', headers, body }));
  if (text === undefined) return undefined;
  const schema = question === 'any' ? fiveAnswer : recordAnswer;
  return schema.safeParse(JSON.parse(text)).data;
}

/** Nothing listens yet while it starts; whatever else fails is a fault. */
async function reached(send: () => Promise<Response>): Promise<string | undefined> {
  try {
    const response = await send();
    return response.ok ? await response.text() : undefined;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('there is no free port');
  return address.port;
}
