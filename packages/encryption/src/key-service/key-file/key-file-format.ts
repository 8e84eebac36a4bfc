import { parseJson } from '@caregraph/files';
import { z } from 'zod';
import { keyFileInvalid } from './key-file-invalid.ts';
import { readRing, writeRing, writtenRing, type KeyRing } from './key-ring.ts';
import {
  createPassphraseSeal,
  newPassphraseHeader,
  passphraseHeader,
  type PassphraseSeal,
} from './passphrase-seal.ts';

const format = 'caregraph-key-file/1';

const contents = z.union([
  z.strictObject({ format: z.literal(format), versions: writtenRing }),
  z.strictObject({
    format: z.literal(format),
    passphrase: passphraseHeader,
    sealed: z.base64(),
  }),
]);

/** Turns the text of the key file into keys and back. Remembers the key made of the passphrase. */
export interface KeyFileFormat {
  read(text: string): Promise<KeyRing>;
  write(ring: KeyRing): Promise<string>;
  wipe(): void;
}

export function createKeyFileFormat(path: string, passphrase: string | undefined): KeyFileFormat {
  let seal: PassphraseSeal | undefined;
  const sealFor = async (header = newPassphraseHeader()) => {
    if (passphrase === undefined) throw keyFileInvalid(path, 'it needs a passphrase');
    if (seal?.header.salt === header.salt && seal.header.cost === header.cost) return seal;
    const made = await createPassphraseSeal(passphrase, header, format);
    seal?.wipe();
    seal = made;
    return made;
  };
  return {
    async read(text) {
      const written = contents.safeParse(parseJson(text));
      if (!written.success) {
        throw keyFileInvalid(path, 'it is damaged, or no key file; restore it from a backup');
      }
      if ('versions' in written.data) {
        // Threat: a sealed file is replaced by an open one with keys that the attacker chose.
        if (passphrase === undefined) return readRing(path, written.data.versions);
        throw keyFileInvalid(path, 'it is not sealed, though a passphrase is given');
      }
      const opened = (await sealFor(written.data.passphrase)).open(written.data.sealed);
      const ring = opened === undefined ? undefined : writtenRing.safeParse(parseJson(opened));
      if (ring?.success) return readRing(path, ring.data);
      throw keyFileInvalid(path, 'the passphrase is wrong, or the file is damaged');
    },
    async write(ring) {
      const versions = writeRing(ring);
      if (passphrase === undefined)
        return `${JSON.stringify({ format, versions }, undefined, 2)}\n`;
      const { header, seal: sealText } = await sealFor(seal?.header);
      const sealed = sealText(JSON.stringify(versions));
      return `${JSON.stringify({ format, passphrase: header, sealed }, undefined, 2)}\n`;
    },
    wipe() {
      seal?.wipe();
      seal = undefined;
    },
  };
}
