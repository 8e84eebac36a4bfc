import { importInstitutionId, unkeyedIds, type ImportNaming } from '@caregraph/fhir-import';
import type { ImportServer } from './import-server.ts';

/**
 * Lets an import make ids of one kind only for one source.
 *
 * Threat: a source that was imported before ids had a key is imported again. Under its new id
 * everybody is registered a second time, and allergies stand in one record and prescriptions in
 * the other; somebody who was erased comes back. Defence: each import registers an institution
 * whose id names the source; where it is there under the id of before, only the ids of before are
 * made, and nowhere else.
 *
 * @param source the namespace of the source's ids
 * @throws Error when the source was imported with ids of the other kind
 */
export async function requireNaming(
  server: Pick<ImportServer, 'hasInstitution'>,
  source: string,
  naming: ImportNaming,
): Promise<void> {
  const isEarlier = await server.hasInstitution(importInstitutionId(unkeyedIds, source));
  if (isEarlier && naming === 'KEYED') {
    throw new Error(
      `${source} was imported before ids had a key: go on with --earlier-ids, or everybody is written twice.`,
    );
  }
  if (!isEarlier && naming === 'EARLIER') {
    throw new Error(
      `${source} was not imported before ids had a key: leave --earlier-ids out, its ids can be guessed.`,
    );
  }
}
