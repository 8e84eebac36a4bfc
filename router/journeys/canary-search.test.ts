import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { nameWords, normalizePhone, phoneticKey } from '@caregraph/name-matching';
import { createCanaries } from './test-canary-texts.ts';

/** The search of the canary test: what it cannot find, that test cannot miss. */

const canaries = createCanaries();
const phone = canaries.make('RegisterPatientInput.phone');
const name = canaries.make('RegisterPatientInput.name');
const value = canaries.make('NewIdentifierInput.value');
const address = canaries.make('RegisterPatientInput.address');

const planted = `a ${canaries.marker.toLowerCase()}`;
const native = canaries.nativeMarker;
const dialled = normalizePhone(phone, 'IN') ?? '';
const sha256 = (text: string) => createHash('sha256').update(text).digest();
const sound = phoneticKey(nameWords(name)[0] ?? '');

/** As `uuid` of PostgreSQL shows it; version 7 has the time in its first six bytes. */
function uuidOf(digest: Buffer, version: 5 | 7): string {
  const bytes = Buffer.from(digest.subarray(0, 16));
  if (version === 7) bytes.fill(0, 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const forms: Readonly<Record<string, string | Buffer>> = {
  'a log line': JSON.stringify({ error: planted }),
  base64: Buffer.from(`x${planted}`).toString('base64'),
  'base64 elsewhere': Buffer.from(`xyz${planted}`).toString('base64url'),
  'UTF-16': Buffer.from(planted, 'utf16le'),
  capitals: planted.toUpperCase(),
  'bytes in a dump': `\\x00${Buffer.from(planted).toString('hex')}ff`,
  'a number': `tel:${dialled}`,
  'a number in JSON': `{"phone":${dialled.slice(1)}}`,
  'a number in an address': encodeURIComponent(phone),
  'a number in hex': Buffer.from(dialled).toString('hex'),
  'another script': native,
  'another script in an address': encodeURIComponent(native),
  'another script in Latin letters': nameWords(native)[0] ?? '',
  'the sound of a name': `key ${sound}`,
  'the sound of another script': phoneticKey(nameWords(native)[0] ?? ''),
  'a hash of a number': sha256(dialled).toString('hex'),
  'a hash of its digits': sha256(dialled.slice(1)).toString('base64'),
  'a hash cut short': sha256(value).subarray(0, 8).toString('hex'),
  'a hash as bytes': sha256(address),
  'a hash of a name': `"${sha256(nameWords(name).join(' ')).toString('base64url')}"`,
  'a hash of a sound': sha256(sound).toString('hex').toUpperCase(),
  'a hash as UUID': uuidOf(sha256(value.toLowerCase()), 5),
  'a hash as UUIDv7': uuidOf(sha256(value), 7),
  'bytes of a UUIDv7': Buffer.from(uuidOf(sha256(value), 7).replaceAll('-', ''), 'hex'),
};

test.each(Object.entries(forms))('a canary is found as %s', (place, text) => {
  const bytes = Buffer.concat([Buffer.from('before '), Buffer.from(text), Buffer.from(' after')]);
  expect(canaries.find(bytes, place).join('\n')).toContain(`${place}: `);
});

test('what is no canary is not found', () => {
  const digits = dialled.slice(3);
  const others = [`${digits.slice(0, -1)} 7`, `0a${digits}f`, canaries.marker.slice(0, -1)];
  const hash = sha256('somebody else').toString('hex');
  expect(canaries.find(Buffer.from([...others, hash].join(' ')), 'nowhere')).toEqual([]);
});

test('a canary that is made later is found too', () => {
  const later = canaries.make('RecordCheckupInput.phone');
  expect(canaries.find(Buffer.from(later.replaceAll(' ', '')), 'a place')).not.toEqual([]);
});
