import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSigningKey } from '../documents/signing-key.ts';
import { repositoryRoot } from '../repository.ts';
import { makeFullDeploymentKeys } from './full-deployment-keys.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-keys-'));
});
afterEach(() => rm(folder, { recursive: true }));

const variablesOf = async (path: string) =>
  Object.fromEntries(
    (await readFile(path, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => /^([A-Z_]+)=(\S+)$/.exec(line)?.slice(1) ?? ['not a variable', line]),
  ) as Record<string, string>;

test('every secret is made, is its own, and is read by its owner alone', async () => {
  const written = await makeFullDeploymentKeys(join(folder, '.env'));
  expect(written).toHaveLength(10);
  const variables = await variablesOf(join(folder, '.env'));
  const keys = Object.entries(variables).filter(([name]) => /(_KEY|_PASSWORD)$/.test(name));
  expect(keys).toHaveLength(6);
  expect(new Set(keys.map(([, value]) => value)).size).toBe(6);
  for (const [name, value] of keys.filter(([one]) => one.endsWith('_KEY'))) {
    expect(Buffer.from(value, 'base64').length, name).toBe(32);
  }
  for (const path of written) {
    const text = await readFile(path, 'utf8');
    const isSecret = /(\.env|kek\.json|import-key)$/.test(path) || text.includes('"d"');
    expect((await stat(path)).mode & 0o777, path).toBe(isSecret ? 0o600 : 0o644);
  }
  expect((await stat(join(folder, '.env.keys'))).mode & 0o777).toBe(0o700);
});

test('public and private halves belong together, and no private one is published', async () => {
  await makeFullDeploymentKeys(join(folder, '.env'));
  const variables = await variablesOf(join(folder, '.env'));
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(variables[name] ?? '', 'utf8'));
  const pairs = [
    ['BREAK_GLASS_KEY_FILE', 'BREAK_GLASS_JWKS_FILE'],
    ['DOCUMENT_SIGNING_KEY_FILE', 'DOCUMENT_KEYS_FILE'],
    ['ERASURE_SIGNING_KEY_FILE', 'ERASURE_KEYS_FILE'],
  ] as const;
  for (const [secret, open] of pairs) {
    const { d, ...half } = (await read(secret)) as Record<string, string>;
    expect(d).toMatch(/^[\w-]{43}$/);
    expect(await read(open)).toMatchObject({ keys: [{ x: half['x'], y: half['y'] }] });
    expect(JSON.stringify(await read(open))).not.toContain('"d"');
  }
  const signing = await readSigningKey(variables['DOCUMENT_SIGNING_KEY_FILE'] ?? '');
  expect(signing.keyId).not.toBe('');
});

test('nothing that is there is touched, and nothing is left half made', async () => {
  await makeFullDeploymentKeys(join(folder, '.env'));
  const before = await readFile(join(folder, '.env'), 'utf8');
  await expect(makeFullDeploymentKeys(join(folder, '.env'))).rejects.toThrow('there already');
  expect(await readFile(join(folder, '.env'), 'utf8')).toBe(before);

  await writeFile(join(folder, 'mine'), '');
  await symlink(join(folder, 'nowhere'), join(folder, 'link'));
  for (const name of ['mine', 'link']) {
    await expect(makeFullDeploymentKeys(join(folder, name))).rejects.toThrow('there already');
  }
  expect((await readdir(folder)).toSorted()).toEqual([
    '.env',
    '.env.erasures',
    '.env.kek',
    '.env.keys',
    'link',
    'mine',
  ]);
});

test('a passphrase that is refused leaves nothing, and the next run makes everything', async () => {
  const passphrases = await mkdtemp(join(tmpdir(), 'caregraph-passphrase-'));
  const file = join(passphrases, 'passphrase');
  try {
    await expect(makeFullDeploymentKeys(join(folder, '.env'), file)).rejects.toThrow(
      'cannot be read',
    );
    expect(await readdir(folder)).toEqual([]);
    await writeFile(file, 'too short', { mode: 0o600 });
    await expect(makeFullDeploymentKeys(join(folder, '.env'), file)).rejects.toThrow(
      'fewer than 15 characters',
    );
    expect(await readdir(folder)).toEqual([]);
    await writeFile(file, 'correct horse battery staple');
    expect(await makeFullDeploymentKeys(join(folder, '.env'), file)).toHaveLength(10);
  } finally {
    await rm(passphrases, { recursive: true });
  }
});

test('a run that fails removes what it made and nothing else', async () => {
  await mkdir(join(folder, '.env.kek'), { mode: 0o700 });
  await writeFile(join(folder, '.env.kek', 'theirs'), '');
  await expect(
    makeFullDeploymentKeys(join(folder, '.env'), join(folder, 'nowhere')),
  ).rejects.toThrow('cannot be read');
  expect(await readdir(folder, { recursive: true })).toEqual(['.env.kek', '.env.kek/theirs']);
});

test('a passphrase may not lie beside the key that it seals', async () => {
  await mkdir(join(folder, '.env.kek'), { mode: 0o700 });
  const file = join(folder, '.env.kek', 'passphrase');
  await writeFile(file, 'correct horse battery staple', { mode: 0o600 });
  await expect(makeFullDeploymentKeys(join(folder, '.env'), file)).rejects.toThrow(
    'beside the key',
  );
  expect(await readdir(folder)).toEqual(['.env.kek']);
});

test('the containers of compose.yaml see the passphrase where the environment says it is', async () => {
  const file = join(folder, 'passphrase');
  await writeFile(file, 'correct horse battery staple', { mode: 0o600 });
  await makeFullDeploymentKeys(join(folder, '.env'), file);
  const variables = await variablesOf(join(folder, '.env'));
  expect(variables['KEK_PASSPHRASE_FILE']).toBe(file);
  const compose = await readFile(join(repositoryRoot, 'compose.yaml'), 'utf8');
  // Left without a value, the variable is handed on as it stands in the environment.
  expect(compose).toMatch(/^ {2}KEK_PASSPHRASE_FILE:$/m);
  const mounts = [...compose.matchAll(/^ {4}- (\$\{.*):ro$/gm)].map(([, mount = '']) =>
    mount.replaceAll(/\$\{([A-Z_]+):[-?]([^}]*)\}/g, (_all, name: string, otherwise: string) => {
      return variables[name] ?? otherwise;
    }),
  );
  expect(mounts).toContain(`${file}:${file}`);
});
