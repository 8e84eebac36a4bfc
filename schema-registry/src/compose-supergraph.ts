import { composeServices } from '@apollo/composition';
import {
  GraphQLError,
  Kind,
  Source,
  UniqueArgumentDefinitionNamesRule,
  UniqueDirectiveNamesRule,
  UniqueEnumValueNamesRule,
  UniqueFieldDefinitionNamesRule,
  UniqueTypeNamesRule,
  concatAST,
  parse,
  type DocumentNode,
} from 'graphql';
import { validateSDL } from 'graphql/validation/validate.js';
import { describeProblem, type SchemaProblem } from './schema-problem.ts';

export type { SchemaProblem } from './schema-problem.ts';

/** The SDL of one subgraph, file by file, so that an error can name the file it stands in. */
export interface SubgraphSources {
  readonly name: string;
  /** Written into the supergraph; the router maps names to addresses itself. */
  readonly url: string;
  readonly typeDefs: readonly { readonly path: string; readonly text: string }[];
}

export type Composition =
  | { readonly kind: 'composed'; readonly supergraphSdl: string; readonly hints: readonly string[] }
  | { readonly kind: 'refused'; readonly problems: readonly SchemaProblem[] };

/**
 * Composes subgraphs into one supergraph (Apollo Federation 2).
 *
 * @param subgraphs name, address and SDL files of each subgraph
 * @returns the supergraph SDL with composition hints, or every problem with file and line
 * @example
 * const composition = composeSupergraph([{ name: 'patient', url, typeDefs: [{ path, text }] }]);
 * if (composition.kind === 'refused') for (const problem of composition.problems) report(problem);
 */
export function composeSupergraph(subgraphs: readonly SubgraphSources[]): Composition {
  const parsed = subgraphs.map(parseSubgraph);
  const problems = parsed.flatMap((subgraph) => subgraph.problems);
  if (problems.length > 0) return { kind: 'refused', problems };

  const result = composeServices(
    // Order decides the order of fields in the supergraph: sorted, it is the same everywhere.
    parsed.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  );
  if (result.errors) return { kind: 'refused', problems: result.errors.map(describeProblem) };
  return {
    kind: 'composed',
    supergraphSdl: `${result.supergraphSdl.trimEnd()}\n`,
    hints: result.hints.map(({ definition, message }) => {
      const [firstLine = ''] = message.split('\n');
      return `${definition.code}: ${firstLine}`;
    }),
  };
}

/** Composition refuses what is defined twice, but does not say where. */
const uniquenessRules = [
  UniqueTypeNamesRule,
  UniqueFieldDefinitionNamesRule,
  UniqueArgumentDefinitionNamesRule,
  UniqueEnumValueNamesRule,
  UniqueDirectiveNamesRule,
];

interface ParsedSubgraph {
  readonly name: string;
  readonly url: string;
  readonly typeDefs: DocumentNode;
  readonly problems: readonly SchemaProblem[];
}

function parseSubgraph({ name, url, typeDefs }: SubgraphSources): ParsedSubgraph {
  const problems: SchemaProblem[] = [];
  const documents: DocumentNode[] = [];
  for (const { path, text } of typeDefs) {
    try {
      documents.push(parse(new Source(text, path)));
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      problems.push({ ...describeProblem(error), subgraph: name, code: 'SYNTAX_ERROR' });
    }
  }
  const document = concatAST(documents);
  for (const error of validateSDL(document, undefined, uniquenessRules)) {
    problems.push({ ...describeProblem(error), subgraph: name, code: 'DEFINED_TWICE' });
  }
  if (problems.length === 0 && !linksFederation(document)) {
    // Without the link, composition would silently read the SDL by the rules of Federation 1.
    problems.push({
      code: 'FEDERATION_LINK_MISSING',
      message: `Subgraph "${name}" does not @link the Federation 2 specification.`,
      subgraph: name,
      file: typeDefs[0]?.path,
      line: undefined,
    });
  }
  return { name, url, typeDefs: document, problems };
}

function linksFederation(document: DocumentNode): boolean {
  return document.definitions.some(
    (definition) =>
      (definition.kind === Kind.SCHEMA_EXTENSION || definition.kind === Kind.SCHEMA_DEFINITION) &&
      definition.directives?.some((directive) =>
        directive.arguments?.some(
          ({ value }) =>
            value.kind === Kind.STRING &&
            value.value.startsWith('https://specs.apollo.dev/federation/v2'),
        ),
      ),
  );
}
