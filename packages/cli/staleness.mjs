/**
 * What is installed and generated, against what should be. Plain JavaScript without dependencies,
 * because it decides whether the dependencies are there at all; any Node from 18 runs it.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

export const stores = ['patient', 'clinical', 'prescription', 'institution', 'audit', 'identity'];

const installStamp = (root) => join(root, 'node_modules', '.caregraph-install');
const generationStamps = (root) => join(root, '.caregraph', 'generated.json');

/**
 * Whether the root install matches package-lock.json.
 * @returns {'fresh' | 'absent' | 'stale'}
 */
export function installState(root) {
  if (!existsSync(join(root, 'node_modules'))) return 'absent';
  const lock = readFileSync(join(root, 'package-lock.json'));
  const stamp = installStamp(root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash(lock)) return 'fresh';
  // Someone may have run npm themselves: npm's own record then says what is really installed.
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return 'absent';
  const wanted = JSON.parse(lock.toString('utf8')).packages;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  if (!sameInstall(wanted, installed)) return 'stale';
  recordInstall(root);
  return 'fresh';
}

/** Remembers that the present lockfile is what is installed. */
export function recordInstall(root) {
  writeFileSync(installStamp(root), lockHash(readFileSync(join(root, 'package-lock.json'))));
}

/** Compares two `packages` tables of npm lockfiles; optional packages of other platforms may miss. */
export function sameInstall(wanted, installed, platform = process.platform, cpu = process.arch) {
  const wantedKeys = Object.keys(wanted).filter((key) => key.includes('node_modules/'));
  const complete = wantedKeys.every((key) => {
    const have = installed[key];
    if (have === undefined)
      return wanted[key].optional === true && !fits(wanted[key], platform, cpu);
    return have.version === wanted[key].version && have.link === wanted[key].link;
  });
  return complete && Object.keys(installed).every((key) => wanted[key] !== undefined);
}

/** An optional package that names no platform may belong to one that does, and is left out with it. */
function fits(entry, platform, cpu) {
  if (entry.os === undefined && entry.cpu === undefined) return false;
  if (entry.libc !== undefined) return false; // npm installs only the one of this system library
  const allows = (list, value) => list === undefined || [list].flat().includes(value);
  return allows(entry.os, platform) && allows(entry.cpu, cpu);
}

function lockHash(lock) {
  const subject = `${process.platform} ${process.arch} `;
  return createHash('sha256').update(subject).update(lock).digest('hex');
}

/**
 * Every generated artefact, with a fingerprint of its inputs.
 * @returns {{ name: string, output: string, fingerprint: string }[]}
 */
export function artefacts(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const prisma = versionsOf(packages, /node_modules\/(@prisma\/[^/]+|prisma)$/);
  const codegen = versionsOf(packages, /node_modules\/(@graphql-codegen\/[^/]+|graphql)$/);
  const sealing = files(root, 'packages/encryption', /generator[^/]*\.(ts|mjs|js)$/);
  const contract = files(root, 'packages/subgraph/src/contract', /\.graphql$/);
  const result = [];
  for (const store of stores) {
    const schema = files(root, `prisma/${store}`, /\.prisma$|prisma\.config\.ts$/);
    if (schema.some((file) => file.endsWith('.prisma'))) {
      const fingerprint = hash(root, prisma, [...sealing, ...schema]);
      const owner = store === 'identity' ? store : `subgraphs/${store}`;
      const output = `${owner}/generated/prisma/client.ts`;
      result.push({ name: `prisma:${store}`, output, fingerprint });
    }
    const sdl = files(root, `subgraphs/${store}/src`, /\.graphql$/);
    if (sdl.length > 0) {
      const config = pick(root, ['codegen.ts', `subgraphs/${store}/codegen-mappers.json`]);
      const fingerprint = hash(root, codegen, [...config, ...contract, ...sdl]);
      const output = `subgraphs/${store}/generated/resolvers.ts`;
      result.push({ name: `resolvers:${store}`, output, fingerprint });
    }
  }
  const fixture = files(root, 'packages/encryption/src/fixture', /\.prisma$|prisma\.config\.ts$/);
  if (fixture.length > 0) {
    const fingerprint = hash(root, prisma, [...sealing, ...fixture]);
    const output = 'packages/encryption/src/fixture/generated/prisma/client.ts';
    result.push({ name: 'fixture:encryption', output, fingerprint });
  }
  const page = files(root, 'router/explorer', /./);
  if (page.includes('router/explorer/index.html')) {
    const fingerprint = hash(root, '', ['package-lock.json', ...page]);
    result.push({ name: 'explorer', output: 'router/explorer/dist/index.html', fingerprint });
  }
  return result;
}

/** The artefacts that are missing or made from other inputs than the present ones. */
export function staleArtefacts(root) {
  const known = readStamps(root);
  return artefacts(root).filter(
    ({ name, output, fingerprint }) =>
      known[name] !== fingerprint || !existsSync(join(root, output)),
  );
}

/** Remembers that these artefacts were made from the inputs their fingerprints name. */
export function recordArtefacts(root, made) {
  const stamps = readStamps(root);
  for (const { name, fingerprint } of made) stamps[name] = fingerprint;
  const file = generationStamps(root);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(stamps, null, 2) + '\n');
}

function readStamps(root) {
  const file = generationStamps(root);
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {}; // a half-written stamp only costs one more generation
  }
}

function pick(root, names) {
  return names.filter((name) => existsSync(join(root, name)));
}

const notInputs = new Set(['node_modules', 'generated', 'migrations', 'fixture', 'dist']);

function files(root, folder, pattern) {
  const top = join(root, folder);
  if (!existsSync(top)) return [];
  const found = [];
  const visit = (directory) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        if (!notInputs.has(entry.name)) visit(path);
      } else if (pattern.test(entry.name) && !entry.name.includes('.test.')) {
        found.push(relative(root, path).split(sep).join('/'));
      }
    }
  };
  visit(top);
  return found.sort();
}

/** The versions of the packages that make an artefact: others may change without it. */
function versionsOf(packages, pattern) {
  const makers = Object.entries(packages).filter(([path]) => pattern.test(path));
  return makers.map(([path, { version }]) => `${path} ${version}`).join('\n');
}

function hash(root, makers, names) {
  const digest = createHash('sha256').update(makers);
  for (const name of names) {
    const content = readFileSync(join(root, name));
    digest.update(`${name} ${content.length}\n`).update(content);
  }
  return digest.digest('hex');
}
