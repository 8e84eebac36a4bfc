import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { isThere, readIfThere } from '@caregraph/files';
import {
  clientFolder,
  clientNames,
  readSchema,
  repositoryRoot,
  storeFiles,
  type StoreFiles,
} from './migrations/store-files.ts';
import { DatabaseSetupError } from './target.ts';

export interface GenerateOptions {
  readonly root?: string;
  /** Generate also where nothing has changed. */
  readonly force?: boolean;
  /** Variables for the Prisma command line; only a PATH and a home when absent. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface GenerateResult {
  readonly store: string;
  readonly outcome: 'generated' | 'unchanged';
}

/**
 * Generates the Prisma client of every store into the `generated/prisma` folder of its owner,
 * two at a time. A store whose schema, generators and Prisma version are those of the last time is skipped.
 * Nothing is downloaded: the command line only asks whether a schema engine exists, and generating
 * never runs it, so it is shown the Node binary.
 *
 * @throws DatabaseSetupError `PRISMA_GENERATE_FAILED` with Prisma's own words for every store that
 *   failed, after the others are done
 * @example await generateClients();
 */
export async function generateClients(options: GenerateOptions = {}): Promise<GenerateResult[]> {
  const root = options.root ?? repositoryRoot;
  const results: GenerateResult[] = [];
  const failures: string[] = [];
  const waiting = [...clientNames];
  const work = async (): Promise<void> => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      try {
        const client = await generateClient(
          storeFiles(name, root),
          clientFolder(name, root),
          options,
        );
        results.push(client);
      } catch (error) {
        // A mistake in one schema is shown together with those in the others.
        if (!(error instanceof DatabaseSetupError)) throw error;
        failures.push(error.message);
      }
    }
  };
  await Promise.all([work(), work()]);
  if (failures.length > 0) {
    throw new DatabaseSetupError('PRISMA_GENERATE_FAILED', failures.join('\n\n'));
  }
  return results.sort((a, b) => a.store.localeCompare(b.store));
}

/** Generates the client of one store; `output` is the folder that holds `prisma/` and the stamp. */
export async function generateClient(
  store: StoreFiles,
  output: string,
  options: GenerateOptions = {},
): Promise<GenerateResult> {
  const stampPath = join(output, `${store.name}.stamp`);
  const stamp = await stampOf(store, options.root ?? repositoryRoot);
  const whole = await isThere(join(output, 'prisma', 'client.ts'));
  const fresh = options.force !== true && whole && (await readIfThere(stampPath)) === stamp;
  if (fresh) return { store: store.name, outcome: 'unchanged' };
  // Prisma refuses to write over a folder that is not a whole client, such as one cut short.
  if (!whole) await rm(join(output, 'prisma'), { recursive: true, force: true });
  await runGenerate(store, options.environment);
  await mkdir(output, { recursive: true });
  await writeFile(stampPath, stamp);
  return { store: store.name, outcome: 'generated' };
}

async function stampOf(store: StoreFiles, root: string): Promise<string> {
  const hash = createHash('sha256');
  const { files } = await readSchema(store);
  for (const { path, content } of files) {
    hash.update(`${path.slice(store.directory.length)}\0${content}\0`);
  }
  hash.update(await readFile(join(packageRoot('prisma'), 'package.json')));
  // The schema may name a generator of our own: what it writes changes with its source.
  const encryption = join(root, 'packages', 'encryption', 'src');
  if (await isThere(encryption)) {
    const generator = (await readdir(join(encryption, 'generator')))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => join('generator', name));
    for (const name of ['field-map.ts', ...generator].sort()) {
      hash.update(await readFile(join(encryption, name)));
    }
  }
  return hash.digest('hex');
}

async function runGenerate(
  store: StoreFiles,
  environment: GenerateOptions['environment'],
): Promise<void> {
  const program = join(packageRoot('prisma'), 'build', 'index.js');
  const config = resolve(store.directory, 'prisma.config.ts');
  const inherited = environment ?? { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: homedir() };
  const path = [dirname(process.execPath), inherited['PATH'] ?? ''].join(delimiter);
  const child = spawn(process.execPath, [program, 'generate', '--config', config], {
    cwd: store.directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...inherited,
      PATH: path,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
      NO_COLOR: '1',
    },
  });
  let words = '';
  child.stdout.on('data', (chunk: Buffer) => (words += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const code = await new Promise<number | null>((resolveCode, reject) => {
    child.once('error', reject);
    child.once('close', resolveCode);
  });
  if (code === 0) return;
  throw new DatabaseSetupError(
    'PRISMA_GENERATE_FAILED',
    `Store ${store.name}: the Prisma client was not generated (exit ${code}):\n${words.trim()}`,
  );
}

function packageRoot(name: string): string {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
}
