import { validate, type DocumentNode, type GraphQLSchema } from 'graphql';
import { clientSchema } from '../schema-changes.ts';
import { isClientName, rolesOfClient } from './client-name.ts';
import { findDocumentChanges, type DocumentChange } from './document-changes.ts';
import { readSources, type DocumentSource, type SourceDocument } from './document-source.ts';
import {
  documentIdOf,
  printManifest,
  readManifest,
  twice,
  type Manifest,
  type RegisteredOperation,
} from './manifest.ts';
import { readAccess, unreachableFields, type AccessMap } from './unreachable-fields.ts';
import { isUrlSafe } from './url-safe-variables.ts';

/** What a document may cost at worst, and which limits of the router it would break. */
export interface DocumentAssessment {
  readonly cost: number;
  readonly problems: readonly string[];
}

export interface RegistrationOptions {
  /** The client id of the tokens that run these documents: a name, or a partner's id. */
  readonly client: string;
  readonly sources: readonly DocumentSource[];
  readonly supergraphSdl: string;
  /** The text of the manifest that is registered now; undefined for the first. */
  readonly earlier?: string | undefined;
  /** Costs a valid document with its worst variables; left out, nothing is costed. */
  readonly assess?: (document: DocumentNode, schema: GraphQLSchema) => DocumentAssessment;
}

export type Registration =
  | { readonly kind: 'refused'; readonly problems: readonly string[] }
  | {
      readonly kind: 'registered';
      readonly manifest: Manifest;
      /** The manifest file, byte for byte. */
      readonly text: string;
      readonly changes: readonly DocumentChange[];
      /** Worst cost by name of the operation; empty when nothing was costed. */
      readonly costs: ReadonlyMap<string, number>;
    };

interface Checks {
  readonly schema: GraphQLSchema;
  readonly access: AccessMap;
  readonly options: RegistrationOptions;
}

/**
 * Makes the manifest of a client from its documents: each is parsed, validated against what clients
 * see of the supergraph, costed, and looked through for fields that nobody with the client's roles
 * can ever see.
 *
 * @returns the manifest and what changed, or every reason against it with its file
 * @example
 * const registration = registerDocuments({ client: 'field-app', sources, supergraphSdl, earlier });
 */
export function registerDocuments(options: RegistrationOptions): Registration {
  const { client, sources, supergraphSdl, earlier } = options;
  if (!isClientName(client)) {
    return { kind: 'refused', problems: ['the client is neither a name nor the id of a partner'] };
  }
  const reading = readSources(sources);
  if (reading.kind === 'refused') return reading;
  const before = earlier === undefined ? emptyManifest : readManifest(earlier);
  if (before.kind === 'refused') return before;

  const checks = {
    schema: clientSchema(supergraphSdl),
    access: readAccess(supergraphSdl),
    options,
  };
  const { documents } = reading;
  const names = documents.map(({ operation }) => operation.name.value);
  const problems = [
    ...(documents.length === 0 ? ['there are no documents'] : []),
    ...twice(names).map((name) => `${name}: two documents have this name`),
  ];
  const costs = new Map<string, number>();
  for (const document of documents) problems.push(...problemsOf(document, checks, costs));
  if (problems.length > 0) return { kind: 'refused', problems };

  const manifest = { operations: documents.map((one) => operationOf(one, checks.schema)) };
  const changes = findDocumentChanges(before.manifest, manifest);
  return { kind: 'registered', manifest, text: printManifest(manifest), changes, costs };
}

const emptyManifest = { kind: 'read', manifest: { operations: [] } } as const;

function problemsOf(
  { path, operation, document, body }: SourceDocument,
  { schema, access, options }: Checks,
  costs: Map<string, number>,
): string[] {
  const name = operation.name.value;
  const here = (problem: string) => `${path}: ${name}: ${problem}`;
  const invalid = validate(schema, document).map(({ message }) => here(message));
  if (invalid.length > 0) return invalid;
  const problems: string[] = [];
  if (body.length > 65_536) problems.push(here('longer than 65536 characters'));
  const roles = rolesOfClient(options.client);
  const hidden = roles.map((role) => unreachableFields(document, schema, access, role));
  const forNobody = hidden[0]?.filter((field) => hidden.every((one) => one.includes(field))) ?? [];
  problems.push(...forNobody.map((field) => here(`${field} is not for ${roles.join(', ')}`)));
  const assessment = options.assess?.(document, schema);
  if (assessment) {
    costs.set(name, assessment.cost);
    problems.push(...assessment.problems.map(here));
  }
  return problems;
}

function operationOf(source: SourceDocument, schema: GraphQLSchema): RegisteredOperation {
  const { operation, body } = source;
  return {
    id: documentIdOf(body),
    name: operation.name.value,
    type: operation.operation === 'mutation' ? 'mutation' : 'query',
    body,
    ...(isUrlSafe(source, schema) && { get: true as const }),
  };
}
