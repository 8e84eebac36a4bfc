import { getLocation, type ASTNode, type GraphQLError } from 'graphql';

/** One reason why the subgraphs do not compose, with the place to look at. */
export interface SchemaProblem {
  /** Code of the composition error, or SYNTAX_ERROR, FEDERATION_LINK_MISSING, ACCESS_NOT_IN_ORDER. */
  readonly code: string;
  readonly message: string;
  readonly subgraph: string | undefined;
  /** Path of the .graphql file as it was given. */
  readonly file: string | undefined;
  /** Counted from 1. */
  readonly line: number | undefined;
}

/** Finds the code, file and line of a parse or composition error. */
export function describeProblem(error: GraphQLError): SchemaProblem {
  const code = error.extensions['code'];
  // Of two places that do not fit each other the later one is usually the mistake.
  const node = error.nodes?.findLast((candidate) => candidate.loc !== undefined);
  const place = node ? placeOf(node) : syntaxPlaceOf(error);
  return {
    code: typeof code === 'string' ? code : 'COMPOSITION_ERROR',
    message: error.message,
    subgraph: subgraphOf(node) ?? /^\[([\w-]+)\]/.exec(error.message)?.[1],
    file: place?.file,
    line: place?.line,
  };
}

/** One line for a terminal or a log: `file:line: CODE: message`. */
export function formatProblem({ code, file, line, message }: SchemaProblem): string {
  const place = file === undefined ? '' : line === undefined ? `${file}: ` : `${file}:${line}: `;
  return `${place}${code}: ${message}`;
}

interface Place {
  readonly file: string;
  readonly line: number;
}

function placeOf(node: ASTNode): Place | undefined {
  if (!node.loc) return undefined;
  const { source, start } = node.loc;
  return { file: source.name, line: getLocation(source, start).line };
}

function syntaxPlaceOf({ source, locations }: GraphQLError): Place | undefined {
  const line = locations?.[0]?.line;
  return source && line !== undefined ? { file: source.name, line } : undefined;
}

/** Composition marks each node of an error with the subgraph that it comes from. */
function subgraphOf(node: ASTNode | undefined): string | undefined {
  return node && 'subgraph' in node && typeof node.subgraph === 'string'
    ? node.subgraph
    : undefined;
}
