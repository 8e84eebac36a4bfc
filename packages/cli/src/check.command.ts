import type { Command } from 'commander';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stores } from '../staleness.mjs';
import { findingStep, programStep, runSteps, type Step } from './check-runner.ts';
import {
  differingCopies,
  drawerNames,
  missingOptionals,
  unportable,
  type LockedPackages,
} from './check-tree.ts';
import { repositoryRoot } from './repository.ts';

/** `caregraph check [step…]`: everything that must hold before the tests run, as CI runs it. */
export function registerCheckCommand(program: Command): void {
  program
    .command('check')
    .description('types, lint, format, boundaries, unused code, names, contracts, portability')
    .argument('[steps...]', 'only these steps')
    .action(async (only: string[]) => {
      const all = await steps();
      const unknown = only.filter((name) => !all.some((step) => step.name === name));
      if (unknown.length > 0) {
        program.error(`no such step: ${unknown.join(', ')} (${all.map((s) => s.name).join(', ')})`);
      }
      const chosen = only.length === 0 ? all : all.filter(({ name }) => only.includes(name));
      const passed = await runSteps(chosen, 2, (line) => console.log(line));
      if (!passed) process.exitCode = 1;
    });
}

/** The slow ones first, so that two lanes end at about the same time. */
async function steps(): Promise<Step[]> {
  const roots = ['packages', 'subgraphs', 'identity', 'router', 'schema-registry', 'bench'];
  const present = roots.filter((folder) => existsSync(join(repositoryRoot, folder)));
  return [
    programStep('lint', 'eslint', ['.', '--max-warnings=0']),
    programStep('types', 'tsc', ['--noEmit', '-p', 'tsconfig.json']),
    programStep('boundaries', 'depcruise', ['--config', '.dependency-cruiser.cjs', ...present]),
    programStep('unused', 'knip', ['--no-progress', '--no-config-hints']),
    programStep('format', 'prettier', ['--check', '--log-level=warn', '.']),
    ...(await contractStep()),
    findingStep('names', async () => drawerNames(trackedFiles())),
    findingStep('stores', storeFindings),
    findingStep('portable', portableFindings),
    findingStep('lockfile', lockfileFindings),
  ];
}

/** The published supergraph must be what the subgraphs' SDL composes to. */
async function contractStep(): Promise<Step[]> {
  const file = join(repositoryRoot, 'schema-registry', 'package.json');
  if (!existsSync(file)) return [];
  const manifest: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (!hasCheckScript(manifest)) return [];
  return [programStep('contracts', 'npm', ['run', '--silent', '-w', 'schema-registry', 'check'])];
}

function hasCheckScript(manifest: unknown): boolean {
  if (typeof manifest !== 'object' || manifest === null || !('scripts' in manifest)) return false;
  const { scripts } = manifest;
  return typeof scripts === 'object' && scripts !== null && 'check' in scripts;
}

async function storeFindings(): Promise<string[]> {
  const contents = new Map<string, Map<string, string>>();
  for (const file of ['operation.prisma', 'event.prisma', 'erasure.prisma']) {
    const copies = new Map<string, string>();
    for (const store of stores) {
      const path = join(repositoryRoot, 'prisma', store, 'schema', file);
      if (existsSync(path)) copies.set(store, await readFile(path, 'utf8'));
    }
    contents.set(file, copies);
  }
  return differingCopies(contents);
}

async function portableFindings(): Promise<string[]> {
  const findings: string[] = [];
  for (const path of trackedFiles()) {
    const bytes = await readFile(join(repositoryRoot, path));
    if (bytes.includes(0)) continue; // pictures and the like hold no readable path
    findings.push(...unportable(path, bytes.toString('utf8')));
  }
  return findings;
}

async function lockfileFindings(): Promise<string[]> {
  const text = await readFile(join(repositoryRoot, 'package-lock.json'), 'utf8');
  // npm wrote this file; its format is documented as lockfileVersion 3.
  const { packages } = JSON.parse(text) as { packages: LockedPackages };
  return missingOptionals(packages);
}

/** Files of the repository, also those not committed yet, without what git ignores. */
function trackedFiles(): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const listing = execFileSync('git', args, { cwd: repositoryRoot, maxBuffer: 64 * 1024 * 1024 });
  const paths = listing.toString('utf8').split('\0');
  return paths.filter((path) => path !== '' && existsSync(join(repositoryRoot, path)));
}
