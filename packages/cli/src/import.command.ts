import { readFile, writeFile } from 'node:fs/promises';
import { systemClock } from '@caregraph/clock';
import { hasKeys } from '@caregraph/deployment';
import {
  createImportIds,
  defaultSource,
  importFhir,
  ImportStopped,
  unkeyedIds,
  type ImportSummary,
} from '@caregraph/fhir-import';
import { InvalidArgumentError, type Command } from 'commander';
import { readEmbeddedConfig } from './config.ts';
import { accessFor, type AccessWish } from './import-access.ts';
import { findImportKey } from './import-key.ts';
import { requireNaming } from './import-naming.ts';
import { createProgressView, summaryLines } from './import-report.ts';
import { connectImport } from './import-server.ts';
import { localGraphqlUrl } from './local-url.ts';

interface ImportFlags {
  readonly url?: string;
  readonly area?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly keyFile?: string;
  readonly source: string;
  readonly earlierIds?: boolean;
  readonly batch: number;
  readonly quiet?: boolean;
  readonly report?: string;
}

type ImportWish = ImportFlags & { readonly url: string };

const maxBatch = 500;

/** `caregraph import fhir <paths…>`: loads FHIR R4 bundles into a running deployment. */
export function registerImportCommand(program: Command): void {
  program
    .command('import')
    .description('load records of other systems into a running deployment')
    .command('fhir')
    .description('load FHIR R4 bundles, NDJSON files or folders of them; safe to repeat')
    .argument('<paths...>', 'files and folders')
    .option('--url <url>', 'the GraphQL endpoint; that of npm start (HOST, PORT) when left out')
    .option('--area <id>', 'the area that institutions and people belong to; the one district')
    .option('--token <token>', 'a bearer token; signed with the key of this machine when left out')
    .option('--token-file <file>', 'a file with the token, which no process list shows')
    .option('--key-file <file>', 'the key that makes ids; of this machine when left out')
    .option('--source <uri>', 'names whose ids those are that are no UUIDs', defaultSource)
    .option('--earlier-ids', 'go on with a source that was imported before ids had a key')
    .option('--batch <count>', 'records in a request, at most 500', batchSize, 200)
    .option('-q, --quiet', 'no progress and no summary')
    .option('--report <file>', 'write the summary and all problems as JSON')
    .action(async (paths: string[], given: ImportFlags) => {
      try {
        const url = given.url ?? localGraphqlUrl(readEmbeddedConfig());
        await runImport(paths, { ...given, url });
      } catch (error) {
        if (!isExpected(error)) throw error;
        console.error(error.message);
        process.exitCode = 1;
      }
    });
}

function batchSize(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= maxBatch) return count;
  throw new InvalidArgumentError(`It is a number from 1 to ${maxBatch}.`);
}

/** Missing files, unreachable servers and refused tokens are told in a line, without a stack. */
function isExpected(error: unknown): error is Error {
  if (error instanceof ImportStopped) return true;
  if (!(error instanceof Error)) return false;
  // What this program says itself is a plain Error; a system error has a code such as ENOENT.
  const isSystem = 'code' in error && String(error.code).startsWith('E');
  return error.constructor === Error && (isSystem || !('code' in error));
}

async function runImport(paths: readonly string[], flags: ImportWish): Promise<void> {
  const file = flags.tokenFile;
  const given = file === undefined ? flags.token : (await readFile(file, 'utf8')).trim();
  const { source } = flags;
  const isOurServer = async () => given === undefined || takesOurTokens(flags);
  const key = await findImportKey({ file: flags.keyFile, url: flags.url, isOurServer });
  const naming = flags.earlierIds === true ? 'EARLIER' : 'KEYED';
  const ids = createImportIds(key, naming);
  const areaId = await findArea(flags, { given, source, ids });
  const access = await accessFor('import', { given, areaId, source, ids });
  const server = connectImport(flags.url, access.token);
  await requireNaming(server, source, naming);
  const progress = createProgressView(process.stderr, flags.quiet === true);
  const summary = await importFhir({
    paths,
    areaId,
    source,
    ids,
    sender: server.sender,
    clock: systemClock,
    actorId: access.actorId,
    batchSize: flags.batch,
    onProgress: progress.show,
    ...(access.importerName === undefined ? {} : { importerName: access.importerName }),
  }).finally(progress.end);
  await tell(summary, flags);
}

/** Asks the server also when the area is named, so that a wrong URL or token is told at once. */
async function findArea(flags: ImportWish, wish: AccessWish): Promise<string> {
  const access = await accessFor('import', wish);
  const server = connectImport(flags.url, access.token);
  if (flags.area === undefined) return server.findArea();
  await server.requireAccess();
  return flags.area;
}

/** Whether a token that the key of this machine signs, if it has one, is one for the server. */
async function takesOurTokens({ url, source }: ImportWish): Promise<boolean> {
  if (!(await hasKeys(readEmbeddedConfig().CAREGRAPH_DATA))) return false;
  const ours = await accessFor('import', { source, ids: unkeyedIds });
  try {
    await connectImport(url, ours.token).requireAccess();
    return true;
  } catch (error) {
    if (error instanceof ImportStopped && error.code === 'TOKEN_REFUSED') return false;
    throw error;
  }
}

/** Problems are no failure of the import: what could be loaded is, so only the exit code says it. */
async function tell(summary: ImportSummary, flags: ImportFlags): Promise<void> {
  if (flags.report !== undefined) {
    await writeFile(flags.report, `${JSON.stringify(summary, null, 2)}\n`, { mode: 0o600 });
  }
  if (flags.quiet !== true) for (const line of summaryLines(summary)) console.log(line);
  if (summary.issues.some(({ lost }) => lost !== 'PART')) process.exitCode = 2;
}
