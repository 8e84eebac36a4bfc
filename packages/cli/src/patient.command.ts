import { isUuidV7 } from '@caregraph/clock';
import { erasureReasons } from '@caregraph/erasure';
import type { Command } from 'commander';
import { fail } from './fail.ts';
import { erasePatient } from './patient/erase-patient.ts';
import { listErasures } from './patient/list-erasures.ts';
import { startList } from './patient/start-list.ts';

const say = (line: string) => console.log(line);

/** `caregraph patient erase`, `erasures` and `start-list`: a person is forgotten for good, and the proof of it. */
export function registerPatientCommand(program: Command): void {
  const patient = program.command('patient').description('erase a person for good, and prove it');
  patient
    .command('erase')
    .description('destroy the keys of a person, and delete them from every store')
    .argument('<patientId>', 'the id of the record; those that were merged into it go with it')
    .requiredOption('--reason <code>', erasureReasons.join(', '))
    .option('--yes', 'do not ask')
    .action((patientId: string, flags: { reason: string; yes?: boolean }) => {
      if (!isUuidV7(patientId)) program.error('the id of a patient is a UUIDv7 in lower case');
      const reason =
        erasureReasons.find((known) => known === flags.reason) ??
        program.error(`no such reason (${erasureReasons.join(', ')})`);
      return ending(() => erasePatient({ patientId, reason, asks: flags.yes !== true }, say));
    });
  patient
    .command('erasures')
    .description(
      'list erasures and verify certificates, list and stores as a start does; exit with 1 if not',
    )
    .action(() => ending(() => listErasures(say)));
  patient
    .command('start-list')
    .description('make the folder the list of erasures of a deployment that never had one')
    .option(
      '--anew',
      'although there was one: it is lost with its copy, and whom it alone named is served again',
    )
    .action(({ anew = false }: { anew?: boolean }) => ending(() => startList({ anew }, say)));
}

/** Exit code 1 when it was not done as asked. What the database says quotes rows, so it is not told. */
async function ending(work: () => Promise<boolean>): Promise<void> {
  try {
    if (!(await work())) process.exitCode = 1;
  } catch (error) {
    fail(error);
  }
}
