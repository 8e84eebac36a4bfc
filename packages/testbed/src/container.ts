import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { onProcessEnd } from './private-server.ts';
import { spawnSync } from 'node:child_process';

const run = promisify(execFile);

export type Container = { readonly port: number; readonly engine: string; stop(): Promise<void> };

/**
 * Starts a container with one port published on 127.0.0.1.
 *
 * @param command what its program is given besides
 * @returns undefined when no engine answers: a client alone (`docker` without its daemon) is none
 */
export async function startContainer(
  image: string,
  port: number,
  env: Readonly<Record<string, string>>,
  command: readonly string[] = [],
): Promise<Container | { readonly unavailable: string }> {
  const engine = await answeringEngine();
  if (engine === undefined) return { unavailable: 'neither docker nor podman has an engine up' };
  const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const args = ['run', '-d', '--rm', '-p', `127.0.0.1::${port}`, ...variables, image, ...command];
  let id: string;
  try {
    id = (await run(engine, args, { timeout: 5 * 60_000 })).stdout.trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim().split('\n').at(-1) : '';
    return { unavailable: `${engine} could not run ${image}: ${reason}` };
  }
  const forget = onProcessEnd(() => spawnSync(engine, ['rm', '-f', id]));
  const published = (await run(engine, ['port', id, `${port}/tcp`])).stdout;
  return {
    engine,
    port: Number(/:(\d+)\s*$/m.exec(published)?.[1]),
    async stop() {
      forget();
      await run(engine, ['rm', '-f', id]);
    },
  };
}

let answering: Promise<string | undefined> | undefined;

function answeringEngine(): Promise<string | undefined> {
  return (answering ??= findEngine());
}

async function findEngine(): Promise<string | undefined> {
  for (const engine of ['docker', 'podman']) {
    try {
      // `ps` needs the engine; a client alone is content to answer `version`.
      await run(engine, ['ps', '-q'], { timeout: 10_000 });
      return engine;
    } catch {
      continue; // not installed, or its engine does not answer: the next one may
    }
  }
  return undefined;
}
