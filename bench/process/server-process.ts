import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import type { Reply, Request, Settings } from './child.ts';

/** A process of a bench. */
export interface ServerProcess<TStarted> {
  readonly started: TStarted;
  /** Milliseconds of processor time that it has used so far. */
  cpuMs(): Promise<number>;
  ask<TAnswer>(message: unknown, schema: z.ZodType<TAnswer>): Promise<TAnswer>;
  stop(): Promise<void>;
}

/** Both sides of a comparison run as they would in production. */
const environment = { ...process.env, NODE_ENV: 'production' };

/**
 * Starts a process of its own for one side of a comparison, so that neither side and no load
 * generator shares an event loop with another.
 *
 * @param file URL of a module that calls `runChild`
 * @throws Error with the child's reason when it does not start
 */
export async function startProcess<TStarted>(
  file: URL,
  settings: Settings,
  schema: z.ZodType<TStarted>,
): Promise<ServerProcess<TStarted>> {
  const child = fork(fileURLToPath(file), {
    env: environment,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // What a library prints must not come between the lines of a report.
    stdio: ['ignore', 2, 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const { start, call } = converse(child, file.pathname);

  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    if (child.connected) child.disconnect();
    await ended;
  }

  try {
    const started = schema.parse(await start(settings));
    return {
      started,
      cpuMs: async () => Number(await call({ kind: 'cpu' })),
      ask: async (message, answer) => answer.parse(await call({ kind: 'ask', message })),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Call = { readonly kind: 'cpu' } | { readonly kind: 'ask'; readonly message: unknown };

/** Matches what a child answers with what it was asked. */
function converse(child: ChildProcess, name: string) {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const starting = Promise.withResolvers<unknown>();
  const send = (request: Request) => void child.send(request);
  let lastId = 0;
  // Only child.ts of this folder answers on this channel.
  child.on('message', (message) => settle(message as Reply));
  child.once('exit', (code) => fail(`${name} ended (${code})`));

  function fail(reason: string): void {
    starting.reject(new Error(reason));
    for (const one of waiting.values()) one.reject(new Error(reason));
  }
  function settle(reply: Reply): void {
    if (reply.kind === 'started') return starting.resolve(reply.value);
    if (reply.kind === 'failed' && reply.id === undefined) return fail(reply.reason);
    const one = waiting.get(reply.id ?? -1);
    waiting.delete(reply.id ?? -1);
    if (reply.kind === 'failed') one?.reject(new Error(reply.reason));
    else one?.resolve(reply.value);
  }
  return {
    start(settings: Settings): Promise<unknown> {
      send({ kind: 'start', settings });
      return starting.promise;
    },
    call(request: Call): Promise<unknown> {
      const id = (lastId += 1);
      const answer = Promise.withResolvers<unknown>();
      waiting.set(id, answer);
      send({ ...request, id });
      return answer.promise;
    },
  };
}
