import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Kind, parse, Source, type DefinitionNode, type DocumentNode } from 'graphql';

const contractFiles = ['federation', 'scalar', 'page', 'operation', 'rate-limit'];

/** The SDL files that every subgraph begins with. */
export function contractSdlFiles(): URL[] {
  return contractFiles.map((name) => new URL(`../contract/${name}.graphql`, import.meta.url));
}

/**
 * Reads SDL files into one document whose parts keep their file name for error messages.
 *
 * @param files contract files first, then one a concept
 * @throws GraphQLError with file and line when a file does not parse
 */
export function readSdl(files: readonly URL[]): DocumentNode {
  const definitions: DefinitionNode[] = files.flatMap((file) => {
    const path = fileURLToPath(file);
    return parse(new Source(readFileSync(path, 'utf8'), path)).definitions;
  });
  return { kind: Kind.DOCUMENT, definitions };
}

/** The SDL of a subgraph: the contract that all share, then its concepts. */
export function subgraphSdl(concepts: readonly { readonly sdl: URL }[]): DocumentNode {
  return readSdl([...contractSdlFiles(), ...concepts.map((concept) => concept.sdl)]);
}
