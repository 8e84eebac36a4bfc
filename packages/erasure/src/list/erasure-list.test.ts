import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeSigningKey, type SigningKey } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { canonicalJson } from './canonical-json.ts';
import type { ErasureEntry, ErasureRecord } from './erasure-entry.ts';
import { openErasureList, type ErasureList } from './erasure-list.ts';
import { createErasureSigner, isSigned, type ErasureSigner } from './erasure-signature.ts';

const ids = createIdSource(systemClock);
let folder: string;
let key: SigningKey;
let list: ErasureList;
const at = new Date('2026-01-01T00:00:00.000Z');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-list-'));
  key = await makeSigningKey();
  list = openErasureList({ directory: join(folder, 'list'), keys: { keys: [key.publicJwk] } });
  await mkdir(list.directory, { mode: 0o700 });
  await list.start(createErasureSigner(key), at);
});
afterEach(() => rm(folder, { recursive: true }));

async function entryOf(over: Partial<ErasureRecord> = {}): Promise<ErasureEntry> {
  const record: ErasureRecord = {
    ...{ version: 1, patientId: ids.next(), reason: 'COURT_ORDER', state: 'REQUESTED' },
    ...{ requestedAt: '2026-01-01T00:00:00.000Z', aliases: [], households: [] },
    ...over,
  };
  return { record, recordSignature: await createErasureSigner(key)('record', record) };
}

test('an entry is made once, for its owner alone, and read as it was written', async () => {
  const entry = await entryOf();
  const { patientId } = entry.record;
  expect(await list.read(patientId)).toBeUndefined();
  expect(await list.readAll()).toEqual([]);
  expect(await list.create(entry)).toBe(true);
  expect(await list.create(await entryOf({ patientId, reason: 'ENTERED_IN_ERROR' }))).toBe(false);
  expect(await list.read(patientId)).toEqual(entry);
  expect((await stat(list.pathOf(patientId))).mode & 0o777).toBe(0o600);
});

test('an entry is replaced whole, and half-written ones beside it count for nothing', async () => {
  const first = await entryOf();
  const { patientId } = first.record;
  await list.create(first);
  const path = list.pathOf(patientId);
  await writeFile(`${path}.${randomUUID()}.unfinished`, '{"record":');
  const next = await entryOf({ patientId, state: 'COMPLETED' });
  await list.replace(next);
  expect(await list.readAll()).toEqual([next]);
});

describe('a folder', () => {
  const sign = () => createErasureSigner(key);
  const unmounted = async () => {
    const directory = await mkdtemp(join(folder, 'mount-'));
    return openErasureList({ directory, keys: { keys: [key.publicJwk] } });
  };

  test('that is empty or not there is not the list: nothing is read from it or written to it', async () => {
    const empty = await unmounted();
    const keys = { keys: [key.publicJwk] };
    const nowhere = openErasureList({ directory: join(folder, 'nowhere'), keys });
    for (const one of [empty, nowhere]) {
      expect(await one.look()).toEqual({ marked: false, used: false });
      await expect(one.readAll()).rejects.toThrow(`${one.directory} is not the list`);
      await expect(one.create(await entryOf())).rejects.toThrow('is not the list');
    }
    await expect(nowhere.start(sign(), at)).rejects.toThrow('is not there');
  });

  test('is the list by its marker, which is made once', async () => {
    const one = await unmounted();
    await one.start(sign(), at);
    const marker = await readFile(join(one.directory, 'list.json'), 'utf8');
    await one.start(sign(), new Date());
    expect(await readFile(join(one.directory, 'list.json'), 'utf8')).toBe(marker);
    expect(await one.look()).toEqual({ marked: true, used: false });
    expect(await one.readAll()).toEqual([]);
  });

  test('is the list by an entry from before there were markers', async () => {
    const [one, entry] = [await unmounted(), await entryOf()];
    await writeFile(one.pathOf(entry.record.patientId), JSON.stringify(entry));
    expect(await one.look()).toEqual({ marked: false, used: true });
    expect(await one.readAll()).toEqual([entry]);
  });

  test.each([
    [
      'of another deployment',
      'is not signed',
      async () => createErasureSigner(await makeSigningKey()),
    ],
    ['that was signed for something else', 'is not signed', () => signAs('record')],
  ])('whose marker is one %s is refused', async (_what, words, signer) => {
    const one = await unmounted();
    await one.start(await signer(), at);
    await expect(one.readAll()).rejects.toThrow(words);
  });

  test('whose marker is damaged, or a link, is refused, with entries as without', async () => {
    await list.create(await entryOf());
    const marker = join(list.directory, 'list.json');
    await writeFile(marker, '{"list":');
    await expect(list.readAll()).rejects.toThrow('damaged');
    await rm(marker);
    await symlink(join(folder, 'elsewhere'), marker);
    await expect(list.readAll()).rejects.toThrow('is a link');
  });
});

describe('a name in the folder', () => {
  test.each([
    ['a second copy', (id: string) => `${id} (1).json`],
    ['a spare copy', (id: string) => `${id}.json.bak`],
    ['capitals', (id: string) => `${id.toUpperCase()}.json`],
    ['capitals of the ending', (id: string) => `${id}.JSON`],
    ['an id of another kind', () => `${randomUUID()}.json`],
    ['half of a copy by rsync', (id: string) => `.${id}.json.Xy12Ab`],
    ['a copy that was not finished by others', (id: string) => `${id} (1).json.unfinished`],
    ['an ending alone', (id: string) => `${id}.json.unfinished`],
    ['a second marker', () => 'list (1).json'],
    ['a file like the directory of a mount', () => 'lost+found'],
    ['anything else', () => 'notes.txt'],
  ])('that is %s is refused, and named', async (_what, nameOf) => {
    const [whole, entry] = [await entryOf(), await entryOf()];
    await list.create(whole);
    const path = join(list.directory, nameOf(entry.record.patientId));
    await writeFile(path, JSON.stringify(entry));
    await expect(list.readAll()).rejects.toThrow(`${path} has no place in the list`);
    await expect(list.look()).rejects.toThrow(path);
    await expect(list.create(entry)).rejects.toThrow(path);
  });

  test('that mounts and our own unfinished writes leave is passed over', async () => {
    const entry = await entryOf();
    await list.create(entry);
    const path = list.pathOf(entry.record.patientId);
    await mkdir(join(list.directory, 'lost+found'));
    await mkdir(join(list.directory, '..2026_01_01'));
    await symlink('..2026_01_01', join(list.directory, '..data'));
    const names = ['.DS_Store', `._${basename(path)}`, `list.json.${randomUUID()}.unfinished`];
    for (const name of names) await writeFile(join(list.directory, name), '');
    await writeFile(`${path}.${randomUUID()}.unfinished`, '');
    expect(await list.readAll()).toEqual([entry]);
  });
});

function signAs(kind: 'record'): ErasureSigner {
  const sign = createErasureSigner(key);
  return (_kind, value) => sign(kind, value);
}

describe('what is not believed', () => {
  test('an entry of another key, or for another person than it was signed for', async () => {
    const [entry, other] = [await entryOf(), await entryOf()];
    await list.create(entry);
    const path = list.pathOf(entry.record.patientId);
    const foreign = createErasureSigner(await makeSigningKey());
    const forged = { ...entry, recordSignature: await foreign('record', entry.record) };
    await writeFile(path, JSON.stringify(forged));
    await expect(list.readAll()).rejects.toThrow('not signed');
    await writeFile(path, JSON.stringify(other));
    await expect(list.readAll()).rejects.toThrow('damaged');
    const { patientId } = entry.record;
    const moved = { ...other, record: { ...other.record, patientId } };
    await writeFile(path, JSON.stringify(moved));
    await expect(list.readAll()).rejects.toThrow('not signed');
  });

  test('a signature that stands for something else', async () => {
    const { record } = await entryOf();
    const sign = createErasureSigner(key);
    const keys = { keys: [key.publicJwk] };
    expect(await isSigned('record', record, await sign('record', record), keys)).toBe(true);
    expect(await isSigned('record', record, await sign('certificate', record), keys)).toBe(false);
    expect(await isSigned('record', record, 'x..y', keys)).toBe(false);
  });

  test.each(['', '{', '[]', '{"record":{}}'])('a damaged file: %j', async (text) => {
    const entry = await entryOf();
    await list.create(entry);
    const path = list.pathOf(entry.record.patientId);
    await writeFile(path, text);
    await expect(list.read(entry.record.patientId)).rejects.toThrow('damaged');
    await expect(list.readAll()).rejects.toThrow(path);
  });

  test('links, of a file and of the folder', async () => {
    const entry = await entryOf();
    const { patientId } = entry.record;
    await list.create(entry);
    const target = join(folder, 'elsewhere.json');
    await writeFile(target, await readFile(list.pathOf(patientId)));
    await rm(list.pathOf(patientId));
    await symlink(target, list.pathOf(patientId));
    await expect(list.read(patientId)).rejects.toThrow('is a link');
    await expect(list.replace(entry)).rejects.toThrow('is a link');
    expect(await list.create(entry)).toBe(false);
    await symlink(list.directory, join(folder, 'link'));
    const through = openErasureList({
      directory: join(folder, 'link'),
      keys: { keys: [key.publicJwk] },
    });
    await expect(through.readAll()).rejects.toThrow('is a link');
    await expect(through.create(await entryOf())).rejects.toThrow('is a link');
  });

  test('an id that leads out of the folder', () => {
    expect(() => list.pathOf('../../etc/passwd')).toThrow(RangeError);
  });

  test('a folder that is none', async () => {
    await rm(list.directory, { recursive: true });
    await writeFile(list.directory, 'not a folder');
    await expect(list.readAll()).rejects.toThrow('ENOTDIR');
  });
});

test('one value has one text, whatever the order of its members', () => {
  const text = '{"a":[1,{"b":null,"ä":true}],"z":"\\"\\u0007"}';
  expect(canonicalJson({ z: '"\u0007', a: [1, { ä: true, b: null }] })).toBe(text);
  expect(() => canonicalJson(1.5)).toThrow(RangeError);
});
