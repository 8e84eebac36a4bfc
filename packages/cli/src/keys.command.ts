import type { Command } from 'commander';
import { storeNames } from '@caregraph/database';
import { describeJob, type JobName, type KeyJob, type KeyKeeper } from '@caregraph/encryption';
import { messageOf } from './error-message.ts';
import { makeFullDeploymentKeys } from './keys/full-deployment-keys.ts';
import { withKeys, type KeyReach } from './keys/key-reach.ts';
import { printKeyStatus } from './keys/key-status.ts';
import { createStopList } from './start/stop-signal.ts';

interface RotateFlags {
  readonly now?: boolean;
}

/** `caregraph keys …`: the secrets of a deployment, and the keys of its sealed fields. */
export function registerKeysCommand(program: Command): void {
  const keys = program.command('keys').description('secrets, and the keys of sealed fields');
  keys
    .command('init')
    .description('make every key and password on the spot; what is there already is never replaced')
    .option('--out <file>', 'the environment file; key files go beside it', '.env')
    .option('--kek-passphrase-file <file>', 'seals the key-encryption key with what is in it')
    .action(async ({ out, kekPassphraseFile }: { out: string; kekPassphraseFile?: string }) => {
      for (const path of await makeFullDeploymentKeys(out, kekPassphraseFile)) console.log(path);
      console.error('Keep a copy elsewhere: without these keys the data cannot be read again.');
    });
  keys
    .command('status')
    .description('versions, counts, and how far each job is')
    .action(() => withKeys(printKeyStatus));
  keys
    .command('maintain')
    .description('go on with what was left, and start what is due; for a daily run')
    .option('--now', 'end what was replaced at once: older backups will not open')
    .action((flags: RotateFlags) =>
      withKeys(async (reach) => {
        const forgetBackups = flags.now === true;
        await runAll(reach, await reach.keeping.keeper.due({ forgetBackups }));
      }),
    );
  keys
    .command('seal-existing')
    .description('seal what the stores held before there was encryption')
    .action(() =>
      withKeys((reach) => {
        const stores = storeNames.filter(reach.keeping.seals);
        return runNamed(reach, ...stores.map((store) => nameOf('seal-existing', store)));
      }),
    );
  registerRotations(keys);
}

function registerRotations(keys: Command): void {
  const rotate = keys
    .command('rotate')
    .description('replace keys beside live traffic; started again, it goes on where it was');
  const now = ['--now', 'end what is replaced at once: older backups will not open'] as const;
  rotate
    .command('kek')
    .description('a new version of the key-encryption key')
    .option(...now)
    .action((flags: RotateFlags) => withKeys((reach) => rotateKek(reach, flags)));
  rotate
    .command('partitions')
    .description('the keys of institutions and months')
    .action(() =>
      withKeys((reach) =>
        runNamed(reach, ...storeNames.map((store) => nameOf('rotate-partitions', store))),
      ),
    );
  rotate
    .command('data-key')
    .description('the keys of one person in every subgraph')
    .argument('<id>', 'of a patient, household or institution')
    .option(...now)
    .action((id: string, flags: RotateFlags) =>
      withKeys((reach) => rotateDataKeys(reach, id, flags)),
    );
  rotate
    .command('blind-index')
    .description('the key by which a sealed field is found')
    .argument('<Model.column>', 'e.g. Patient.nameTokens')
    .option('--store <name>', 'the subgraph', 'patient')
    .action((column: string, { store }: { store: string }) =>
      withKeys((reach) => runNamed(reach, nameOf('rotate-index', store, column))),
    );
}

async function rotateKek(reach: KeyReach, flags: RotateFlags): Promise<void> {
  const { watch } = reach.keeping;
  if (!(await runNamed(reach, nameOf('rotate-kek', ''))) || flags.now !== true) return;
  const version = await watch.call((service) => service.currentVersion());
  await runNamed(reach, nameOf('retire-kek', '', String(version)));
}

/** A person has a key only in the subgraphs that hold something of theirs. */
async function rotateDataKeys(reach: KeyReach, ownerId: string, flags: RotateFlags): Promise<void> {
  if (!isUuid(ownerId)) throw new Error('the id is not a UUID');
  const names: JobName[] = [];
  for (const store of storeNames) {
    const active = await reach.keeping.keys(store).dataKeyRotation.activeKey(ownerId);
    if (active !== undefined) names.push(nameOf('rotate-data-key', store, ownerId));
  }
  if (names.length === 0) throw new Error('nobody of this id has a key');
  if (!(await runNamed(reach, ...names)) || flags.now !== true) return;
  const due = await reach.keeping.keeper.due({ forgetBackups: true });
  await runAll(
    reach,
    due.filter(({ kind }) => kind === 'drop-retired'),
  );
}

const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

function nameOf(kind: string, store: string, subject = ''): JobName {
  return { kind, store, subject };
}

function runNamed(reach: KeyReach, ...names: readonly JobName[]): Promise<boolean> {
  return runAll(reach, names.map(reach.keeping.keeper.job));
}

/**
 * Ctrl-C ends a job between two steps; it goes on when it is started again.
 *
 * @returns whether all are done
 */
async function runAll(
  { keeping: { keeper } }: KeyReach,
  jobs: readonly KeyJob[],
): Promise<boolean> {
  const { signal, run: stop } = createStopList();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => void stop());
  if (jobs.length === 0) console.log('nothing is due');
  let isDone = true;
  for (const job of jobs) {
    const said = new Set<string>();
    const running = keeper.run(job, {
      signal,
      onProgress: (row) => {
        const line = describeJob(row);
        if (!said.has(line)) console.log(line);
        said.add(line);
      },
    });
    // One that fails must not keep the others from their turn.
    const outcome = await running.catch((error: unknown) => {
      console.error(`${job.kind} ${job.store}: ${messageOf(error)}`);
      process.exitCode = 1;
      return 'FAILED' as const;
    });
    isDone &&= outcome === 'DONE';
    if (outcome === 'WAITING') await sayWaiting(keeper, job);
    if (outcome === 'RUNS_ELSEWHERE') console.log(`${job.kind} ${job.store}: runs elsewhere`);
    if (outcome === 'STOPPED') return false;
  }
  return isDone;
}

/** A job that has to wait says so each time it is asked for, not only when it began to. */
async function sayWaiting(keeper: KeyKeeper, { kind, store, subject }: KeyJob): Promise<void> {
  const open = await keeper.jobs.openJobs();
  const row = open.find(
    (one) => one.kind === kind && one.store === store && one.subject === subject,
  );
  if (row !== undefined) console.log(`${describeJob(row)} (run the command again then)`);
}
