import { join } from 'node:path';
import { readIfThere } from '@caregraph/files';
import { listManifests, listSourceFolders, readSourceFolder } from './documents-folder.ts';
import { registerDocuments, type RegistrationOptions } from './register-documents.ts';

/**
 * Tells whether every manifest in a folder is what its sources make of it today, and whether the
 * sources still fit the supergraph. Writes nothing.
 *
 * @param folder holds `<client>.json` and `<client>/*.graphql`
 * @returns findings; none when all is well
 */
export async function checkDocuments(
  folder: string,
  supergraphSdl: string,
  assess?: RegistrationOptions['assess'],
): Promise<string[]> {
  const manifests = await listManifests(folder);
  const sources = await listSourceFolders(folder);
  const findings = manifests
    .filter((client) => !sources.includes(client))
    .map((client) => `${client}.json has no sources in ${client}/`);
  for (const client of sources) {
    const registered = await readIfThere(join(folder, `${client}.json`));
    const registration = registerDocuments({
      client,
      sources: await readSourceFolder(folder, client),
      supergraphSdl,
      earlier: registered,
      ...(assess && { assess }),
    });
    if (registration.kind === 'refused') {
      findings.push(...registration.problems.map((problem) => `${client}: ${problem}`));
    } else if (registration.text !== registered) {
      findings.push(`${client}.json is not what its sources make`);
    }
  }
  return findings;
}
