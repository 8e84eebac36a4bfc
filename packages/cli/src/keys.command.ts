import type { Command } from 'commander';
import { storeNames } from '@caregraph/database';
import { describeJob, type JobName, type KeyJob } from '@caregraph/encryption';
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
    .action(async ({ out }: { out: string }) => {
      for (const path of await makeFullDeploymentKeys(out)) console.log(path);
      console.error('Keep a copy elsewhere: without these keys the data cannot be read again.');
    });
  keys
    .command('status')
    .description('versions, counts, and how far each job is')
    .action(() => withKeys(printKeyStatus));
  keys
    .command('maintain')
    .description('go on with what was left, and start what is due; for a daily run')
    .option('--now', 'do not wait for backups to expire')
    .action((flags: RotateFlags) =>
      withKeys(async (reach) => runAll(reach, await reach.keeping.keeper.due(), flags)),
    );
  keys
    .command('seal-existing')
    .description('seal what the stores held before there was encryption')
    .action(() => runNamed(storeNames.slice(0, 4).map((store) => nameOf('seal-existing', store))));
  registerRotations(keys);
}

function registerRotations(keys: Command): void {
  const rotate = keys
    .command('rotate')
    .description('replace keys beside live traffic; started again, it goes on where it was')
    .option('--now', 'retire what was replaced at once: older backups will not open');
  const flagsOf = () => rotate.opts<RotateFlags>();
  rotate
    .command('kek')
    .description('a new version of the key-encryption key')
    .action(() => runNamed([nameOf('rotate-kek', '')], flagsOf()));
  rotate
    .command('partitions')
    .description('the keys of institutions and months')
    .action(() =>
      runNamed(
        storeNames.map((store) => nameOf('rotate-partitions', store)),
        flagsOf(),
      ),
    );
  rotate
    .command('data-key')
    .description('the keys of one person in every subgraph')
    .argument('<id>', 'of a patient, household or institution')
    .action((id: string) => rotateDataKeys(id, flagsOf()));
  rotate
    .command('blind-index')
    .description('the key by which a sealed field is found')
    .argument('<Model.column>', 'e.g. Patient.nameTokens')
    .option('--store <name>', 'the subgraph', 'patient')
    .action((column: string, { store }: { store: string }) =>
      runNamed([nameOf('rotate-index', store, column)], flagsOf()),
    );
}

function nameOf(kind: string, store: string, subject = ''): JobName {
  return { kind, store, subject };
}

function runNamed(names: readonly JobName[], flags: RotateFlags = {}): Promise<void> {
  return withKeys((reach) => runAll(reach, names.map(reach.keeping.keeper.job), flags));
}

/** A person has a key only in the subgraphs that hold something of theirs. */
function rotateDataKeys(ownerId: string, flags: RotateFlags): Promise<void> {
  return withKeys(async (reach) => {
    const names: JobName[] = [];
    for (const store of storeNames) {
      const active = await reach.keeping.keys(store).dataKeyRotation.activeKey(ownerId);
      if (active !== undefined) names.push(nameOf('rotate-data-key', store, ownerId));
    }
    if (names.length === 0) throw new Error('nobody of this id has a key');
    await runAll(reach, names.map(reach.keeping.keeper.job), flags);
  });
}

/** Ctrl-C ends a job between two steps; it goes on when it is started again. */
async function runAll(
  { keeping: { keeper } }: KeyReach,
  jobs: readonly KeyJob[],
  flags: RotateFlags,
): Promise<void> {
  const { signal, run: stop } = createStopList();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => void stop());
  if (jobs.length === 0) console.log('nothing is due');
  for (const job of jobs) {
    let last = '';
    const outcome = await keeper.run(job, {
      signal,
      ignoreWait: flags.now === true,
      onProgress: (row) => {
        const line = describeJob(row);
        if (line !== last) console.log(line);
        last = line;
      },
    });
    if (outcome === 'RUNS_ELSEWHERE') console.log(`${job.kind} ${job.store}: runs elsewhere`);
    if (outcome === 'STOPPED') return;
  }
}
