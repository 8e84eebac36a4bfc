import { readFile, readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { whenMissing } from '@caregraph/files';
import type { SubgraphSources } from './compose-supergraph.ts';

/** The subgraphs of CareGraph. A new one is a folder under subgraphs/ and a name here. */
export const subgraphNames = [
  'audit',
  'clinical',
  'institution',
  'patient',
  'prescription',
] as const;

export type SubgraphName = (typeof subgraphNames)[number];

const contractFolder = 'packages/subgraph/src/contract';

/**
 * Reads the SDL of every subgraph from the repository: the contract that all share, then one file
 * a concept, in the order of their paths.
 *
 * @param repositoryRoot folder that holds `subgraphs/` and `packages/`
 * @returns only the subgraphs that have SDL of their own
 * @example const composition = composeSupergraph(await readSubgraphSources(root));
 */
export async function readSubgraphSources(repositoryRoot: string): Promise<SubgraphSources[]> {
  const contract = await readGraphqlFiles(repositoryRoot, contractFolder);
  const subgraphs = await Promise.all(
    subgraphNames.map(async (name) => ({
      name,
      url: `http://${name}/graphql`,
      concepts: await readGraphqlFiles(repositoryRoot, `subgraphs/${name}/src`),
    })),
  );
  return subgraphs
    .filter(({ concepts }) => concepts.length > 0)
    .map(({ name, url, concepts }) => ({ name, url, typeDefs: [...contract, ...concepts] }));
}

async function readGraphqlFiles(repositoryRoot: string, folder: string) {
  // A subgraph that is not written yet has no folder.
  const entries = await readdir(join(repositoryRoot, folder), { recursive: true }).catch(
    whenMissing([]),
  );
  const paths = entries
    .filter((entry) => entry.endsWith('.graphql'))
    .map((entry) => `${folder}/${entry.split(sep).join('/')}`)
    .toSorted();
  return Promise.all(
    paths.map(async (path) => ({ path, text: await readFile(join(repositoryRoot, path), 'utf8') })),
  );
}
