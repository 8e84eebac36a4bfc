import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tell } from './fail.ts';

type Register = (program: Command) => void;

/**
 * One line a command. Its module loads only when it is asked for, so that `caregraph token` does
 * not pay for what `caregraph start` needs.
 */
const commands: Readonly<Record<string, () => Promise<Register>>> = {
  check: async () => (await import('./check.command.ts')).registerCheckCommand,
  code: async () => (await import('./code.command.ts')).registerCodeCommand,
  documents: async () => (await import('./documents.command.ts')).registerDocumentsCommand,
  generate: async () => (await import('./generate.command.ts')).registerGenerateCommand,
  identity: async () => (await import('./identity.command.ts')).registerIdentityCommand,
  import: async () => (await import('./import.command.ts')).registerImportCommand,
  keys: async () => (await import('./keys.command.ts')).registerKeysCommand,
  migrate: async () => (await import('./migrate.command.ts')).registerMigrateCommand,
  migration: async () => (await import('./migration.command.ts')).registerMigrationCommand,
  patient: async () => (await import('./patient.command.ts')).registerPatientCommand,
  start: async () => (await import('./start.command.ts')).registerStartCommand,
  test: async () => (await import('./test.command.ts')).registerTestCommand,
  token: async () => (await import('./token.command.ts')).registerTokenCommand,
};

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('caregraph')
    .description('The record of a district: run it, keep it, look after it')
    .version(version(), '-V, --version')
    // For errors of usage alone: what goes wrong in the work is told by fail.ts.
    .showHelpAfterError('(add --help for what it takes)');
  const asked = commands[argv[0] ?? ''];
  const wanted = asked === undefined ? Object.values(commands) : [asked];
  for (const load of wanted) (await load())(program);
  if (argv.length === 0) program.help();
  await program.parseAsync(argv, { from: 'user' });
}

function version(): string {
  const file = join(import.meta.dirname, '..', 'package.json');
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const known = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return known ? String(manifest.version) : 'unknown';
}

/** A pipe that is closed, as by `| head`, ends the output and is no fault. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = 1;
  tell(error);
}
