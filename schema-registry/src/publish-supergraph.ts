import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildASTSchema, parse, print } from 'graphql';
import { accessProblems, accessRulesOf } from '@caregraph/access';
import { whenMissing } from '@caregraph/files';
import { composeSupergraph, type SubgraphSources } from './compose-supergraph.ts';
import { findSchemaChanges, type SchemaChange } from './schema-changes.ts';
import type { SchemaProblem } from './schema-problem.ts';
import { readSubgraphSources } from './subgraph-sources.ts';

const publishedFolder = 'schema-registry/published';
const supergraphFile = 'supergraph.graphql';

/** Where the router finds the supergraph of this checkout. */
export const publishedSupergraphPath = fileURLToPath(
  new URL(`../published/${supergraphFile}`, import.meta.url),
);

type Refused = { readonly kind: 'refused'; readonly problems: readonly SchemaProblem[] };

export type PublishReport =
  | Refused
  | {
      readonly kind: 'published';
      /** Paths under the repository that were written because their text changed. */
      readonly written: readonly string[];
      readonly removed: readonly string[];
      readonly changes: readonly SchemaChange[];
      readonly hints: readonly string[];
    };

export type CheckReport =
  | Refused
  | {
      readonly kind: 'up-to-date' | 'outdated';
      /** Published files that differ from what the subgraphs say now. */
      readonly outdated: readonly string[];
      readonly changes: readonly SchemaChange[];
      readonly hints: readonly string[];
    };

/**
 * Composes the subgraphs of a checkout and writes `schema-registry/published/`. The output depends
 * on the SDL only, so publishing twice writes nothing the second time.
 *
 * @param repositoryRoot folder that holds `subgraphs/`
 * @example const report = await publishSupergraph(process.cwd());
 */
export async function publishSupergraph(repositoryRoot: string): Promise<PublishReport> {
  const plan = await planPublication(repositoryRoot);
  if (plan.kind === 'refused') return plan;
  await mkdir(join(repositoryRoot, publishedFolder), { recursive: true });
  for (const { path, text } of plan.stale) await writeFile(join(repositoryRoot, path), text);
  for (const path of plan.orphans) await rm(join(repositoryRoot, path));
  const written = plan.stale.map(({ path }) => path);
  return {
    kind: 'published',
    written,
    removed: plan.orphans,
    changes: plan.changes,
    hints: plan.hints,
  };
}

/**
 * Tells whether the published files still say what the subgraphs say, and what would change for
 * clients when they are published. Writes nothing.
 *
 * @example if ((await checkSupergraph(root)).kind !== 'up-to-date') process.exitCode = 1;
 */
export async function checkSupergraph(repositoryRoot: string): Promise<CheckReport> {
  const plan = await planPublication(repositoryRoot);
  if (plan.kind === 'refused') return plan;
  const outdated = [...plan.stale.map(({ path }) => path), ...plan.orphans];
  return {
    kind: outdated.length === 0 ? 'up-to-date' : 'outdated',
    outdated,
    changes: plan.changes,
    hints: plan.hints,
  };
}

/** Reads the published supergraph SDL. @throws when nothing was published yet */
export function loadSupergraph(path: string = publishedSupergraphPath): Promise<string> {
  return readFile(path, 'utf8');
}

async function planPublication(repositoryRoot: string) {
  const sources = await readSubgraphSources(repositoryRoot);
  const composition = composeSupergraph(sources);
  if (composition.kind === 'refused') return composition;
  const problems = accessProblemsOf(composition.supergraphSdl);
  if (problems.length > 0) return { kind: 'refused' as const, problems };

  const wanted = new Map(sources.map((s) => [`${publishedFolder}/${s.name}.graphql`, sdlOf(s)]));
  wanted.set(`${publishedFolder}/${supergraphFile}`, composition.supergraphSdl);
  const published = await readPublished(repositoryRoot);
  const before = published.get(`${publishedFolder}/${supergraphFile}`);
  return {
    kind: 'planned' as const,
    stale: [...wanted]
      .filter(([path, text]) => published.get(path) !== text)
      .map(([path, text]) => ({ path, text })),
    orphans: [...published.keys()].filter((path) => !wanted.has(path)),
    changes: before === undefined ? [] : await findSchemaChanges(before, composition.supergraphSdl),
    hints: composition.hints,
  };
}

/**
 * What each subgraph asks of its own part can still not fit together: a type may ask for more in
 * the whole than where a field that cannot be null answers with it.
 */
function accessProblemsOf(supergraphSdl: string): SchemaProblem[] {
  const document = parse(supergraphSdl);
  const schema = buildASTSchema(document, { assumeValid: true });
  return accessProblems(schema, accessRulesOf(document)).map((message) => ({
    code: 'ACCESS_NOT_IN_ORDER',
    message,
    subgraph: undefined,
    file: undefined,
    line: undefined,
  }));
}

async function readPublished(repositoryRoot: string): Promise<Map<string, string>> {
  const folder = join(repositoryRoot, publishedFolder);
  // Before the first publication there is no folder.
  const entries = await readdir(folder).catch(whenMissing([]));
  const files = entries.filter((file) => file.endsWith('.graphql')).toSorted();
  const texts = files.map(async (file): Promise<[string, string]> => [
    `${publishedFolder}/${file}`,
    await readFile(join(folder, file), 'utf8'),
  ]);
  return new Map(await Promise.all(texts));
}

/** The SDL of a subgraph in one file, in the order of its sources, in one layout. */
function sdlOf({ typeDefs }: SubgraphSources): string {
  return typeDefs.map(({ path, text }) => `# ${path}\n\n${print(parse(text))}\n`).join('\n');
}
