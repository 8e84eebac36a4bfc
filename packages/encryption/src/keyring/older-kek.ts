import type { StoreKeys } from '../store-keys.ts';
import type { KeyServiceWatch } from './key-service-watch.ts';

/**
 * Threat: an older copy of the key file, or of the key service, is put back. It would make another
 * key under a version number that is taken, and two kinds of rows would call each other damaged.
 * Defence: a version that the key database knows and the service does not is refused before anything
 * is wrapped.
 *
 * @throws Error naming both versions; KeyServiceError as the service says when it is asked
 */
export async function refuseOlderKek(
  stores: readonly Pick<StoreKeys, 'rotation'>[],
  watch: KeyServiceWatch,
): Promise<void> {
  const { kind, version } = await watch.call(async (service) => ({
    kind: service.kind,
    version: await service.currentVersion(),
  }));
  const known = await Promise.all(stores.map(({ rotation }) => rotation.newestVersion(kind)));
  const newest = Math.max(0, ...known);
  if (newest <= version) return;
  throw new Error(
    `keys are wrapped by version ${newest} of the key-encryption key, and the key service (${kind}) has only version ${version}: it is an older copy, restore the newest`,
  );
}
