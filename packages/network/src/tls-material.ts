import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Logger } from '@caregraph/observability';
import type { TlsFiles } from './network-config.ts';

/** What TLS rests on, read and checked. */
export interface TlsMaterial {
  readonly context: SecureContextOptions;
  /** Changes when one of the files does. */
  readonly digest: string;
}

/**
 * Reads certificate and key and makes sure that they belong together.
 *
 * @throws Error when a file cannot be read, is not PEM, or the key is another certificate's
 */
export async function readTlsMaterial(files: TlsFiles): Promise<TlsMaterial> {
  const material = await readFiles(files);
  createSecureContext(material.context);
  return material;
}

async function readFiles({ certFile, keyFile, clientCaFile }: TlsFiles): Promise<TlsMaterial> {
  const [cert, key, ca] = await Promise.all([
    readFile(certFile),
    readFile(keyFile),
    clientCaFile === undefined ? undefined : readFile(clientCaFile),
  ]);
  const hash = createHash('sha256');
  for (const content of [cert, key, ca]) hash.update(content ?? '').update('\0');
  // Threat: without `ca` every authority of the machine would vouch for client certificates.
  const context = { cert, key, ca: ca ?? [], minVersion: 'TLSv1.3' as const };
  return { context, digest: hash.digest('hex') };
}

/**
 * Looks at the files again and again, because a mounted secret is swapped without an event, and
 * hands on what changed. A pair that does not fit, e.g. half written, leaves the one before.
 *
 * @param watch.use called with the new material; connections that are open keep theirs
 * @returns stops it
 */
export function watchTlsMaterial(watch: {
  readonly files: TlsFiles;
  readonly first: TlsMaterial;
  readonly log: Logger;
  use(material: TlsMaterial): void;
}): () => void {
  const { files, log, use } = watch;
  let seen = watch.first.digest;
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  }, files.pollMs);
  timer.unref();
  return () => clearInterval(timer);

  async function look(): Promise<void> {
    try {
      const material = await readFiles(files);
      if (material.digest === seen) return;
      // Remembered also when it is refused below: a broken pair is logged once.
      seen = material.digest;
      createSecureContext(material.context);
      use(material);
      log.info('the certificate was replaced');
    } catch (error) {
      log.error('the new certificate is not usable; the one before stays', { error });
    }
  }
}
