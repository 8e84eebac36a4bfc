import {
  GraphQLError,
  Kind,
  parse,
  print,
  Source,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
} from 'graphql';
import { describeProblem, formatProblem } from '../schema-problem.ts';
import { readManifest } from './manifest.ts';

/** A file that someone wants to register: GraphQL, or a manifest of Apollo's generator (.json). */
export interface DocumentSource {
  readonly path: string;
  readonly text: string;
}

/** One document: one named operation with the fragments that it uses. */
export interface SourceDocument {
  readonly path: string;
  readonly operation: OperationDefinitionNode & { readonly name: { readonly value: string } };
  readonly document: DocumentNode;
  readonly body: string;
}

export type SourceReading =
  | { readonly kind: 'read'; readonly documents: readonly SourceDocument[] }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/**
 * Reads sources into documents. GraphQL is printed in one layout, so that a comment or a line break
 * makes no new document; bodies of a manifest stay as they are, because its client has their ids.
 */
export function readSources(sources: readonly DocumentSource[]): SourceReading {
  const problems: string[] = [];
  const documents: SourceDocument[] = [];
  for (const { path, text } of sources) {
    const bodies = path.endsWith('.json') ? bodiesOf(path, text, problems) : [text];
    for (const body of bodies) {
      const read = readDocument(path, body);
      if (typeof read === 'string') problems.push(read);
      else documents.push(path.endsWith('.json') ? { ...read, body } : read);
    }
  }
  return problems.length === 0 ? { kind: 'read', documents } : { kind: 'refused', problems };
}

function bodiesOf(path: string, text: string, problems: string[]): string[] {
  const reading = readManifest(text);
  if (reading.kind === 'read') return reading.manifest.operations.map(({ body }) => body);
  problems.push(...reading.problems.map((problem) => `${path}: ${problem}`));
  return [];
}

function readDocument(path: string, text: string): SourceDocument | string {
  let document: DocumentNode;
  try {
    document = parse(new Source(text, path));
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return formatProblem({ ...describeProblem(error), code: 'SYNTAX_ERROR' });
  }
  const operations = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  const [operation] = operations;
  if (operation === undefined || operations.length > 1) return `${path}: holds not one operation`;
  const { name } = operation;
  if (name === undefined) return `${path}: the operation has no name`;
  if (operation.operation === 'subscription') return `${path}: subscriptions are not offered`;
  const canonical = inOrder(document, operation);
  return { path, operation: { ...operation, name }, document: canonical, body: print(canonical) };
}

/** The operation first, then its fragments by name. */
function inOrder(document: DocumentNode, operation: OperationDefinitionNode): DocumentNode {
  const rest = document.definitions.filter((one) => one !== operation);
  const nameOf = (one: FragmentDefinitionNode) => one.name.value;
  const fragments = rest
    .filter((one) => one.kind === Kind.FRAGMENT_DEFINITION)
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const others = rest.filter((one) => one.kind !== Kind.FRAGMENT_DEFINITION);
  return { kind: Kind.DOCUMENT, definitions: [operation, ...fragments, ...others] };
}
