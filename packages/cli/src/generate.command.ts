import type { Command } from 'commander';
import { join } from 'node:path';
import { recordArtefacts, staleArtefacts, artefacts, type Artefact } from '../staleness.mjs';
import { runProgram } from './check-runner.ts';
import { repositoryRoot } from './repository.ts';

/** `caregraph generate [--force]`: Prisma clients and resolver types, where their inputs changed. */
export function registerGenerateCommand(program: Command): void {
  program
    .command('generate')
    .description('write the Prisma clients and resolver types whose inputs changed')
    .option('-f, --force', 'write all of them')
    .action(async (options: { force?: boolean }) => {
      const wanted = options.force ? artefacts(repositoryRoot) : staleArtefacts(repositoryRoot);
      if (wanted.length === 0) console.log('Everything generated is up to date.');
      else await generate(wanted, options.force === true);
    });
}

async function generate(wanted: readonly Artefact[], force: boolean): Promise<void> {
  const clients = namesOf(wanted, 'prisma:');
  const resolvers = namesOf(wanted, 'resolvers:');
  if (clients.length > 0) {
    const { generateClients } = await import('@caregraph/database');
    await generateClients({ force });
  }
  for (const name of namesOf(wanted, 'fixture:')) await generateFixture(name);
  if (resolvers.length > 0) await generateResolvers(resolvers);
  if (wanted.some(({ name }) => name === 'explorer')) await buildExplorer();
  recordArtefacts(repositoryRoot, wanted);
  console.log(`Generated ${wanted.map(({ name }) => name).join(', ')}.`);
}

/** The schema that a package tests its generator with. */
async function generateFixture(name: string): Promise<void> {
  const { generateClient } = await import('@caregraph/database');
  const directory = join(repositoryRoot, 'packages', name, 'src', 'fixture');
  await generateClient({ name: 'fixture', directory }, join(directory, 'generated'), {
    force: true,
  });
}

async function generateResolvers(subgraphs: string[]): Promise<void> {
  const { codegenConfig } = await import('../../../codegen.ts');
  const { generate: writeTypes } = await import('@graphql-codegen/cli');
  await writeTypes({ ...codegenConfig(repositoryRoot, subgraphs), cwd: repositoryRoot }, true);
}

/** Turbo keeps the bundles it made, so going back to an earlier page costs no build. */
async function buildExplorer(): Promise<void> {
  const args = ['run', 'build:explorer', '--output-logs=errors-only'];
  const { ok, output } = await runProgram('turbo', args);
  if (!ok) throw new Error(`the explorer's page could not be built:\n${output}`);
}

function namesOf(wanted: readonly Artefact[], prefix: string): string[] {
  return wanted
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name }) => name.slice(prefix.length));
}
