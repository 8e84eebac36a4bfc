import { z } from 'zod';
import type { RegisteredOperation } from '@caregraph/schema-registry';
import { repeatsMember } from './repeated-member.ts';

/** What a client that runs registered documents sent, however it sent it. */
export interface DocumentRequest {
  readonly method: string;
  /** The parameters of a GET. */
  readonly parameters: unknown;
  /** The parsed body of a POST. */
  readonly body: unknown;
  /** Whether the body names a member twice. */
  readonly ambiguous: boolean;
}

export type DocumentChoice =
  | {
      readonly kind: 'chosen';
      readonly document: RegisteredOperation;
      readonly variables: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'refused';
      readonly code: 'DOCUMENT_NOT_REGISTERED' | 'METHOD_NOT_ALLOWED' | 'BAD_REQUEST';
      readonly reason: string;
    };

const object = z.record(z.string(), z.unknown());
const persistedQuery = z.strictObject({ version: z.literal(1), sha256Hash: z.string() });
const asked = z.object({
  query: z.unknown().optional(),
  documentId: z.string().nullish(),
  operationName: z.string().nullish(),
  variables: object.nullish(),
  extensions: z.looseObject({ persistedQuery: persistedQuery.optional() }).nullish(),
});
type Asked = z.infer<typeof asked>;

/** A parameter of a GET that was given once, as text. */
const parameter = z.string().optional();
const urlParameters = z.object({
  query: parameter,
  documentId: parameter,
  operationName: parameter,
  variables: parameter,
  extensions: parameter,
});

/**
 * Finds the registered document that a request names by its id.
 *
 * Threat: text of an attacker reaches the parser or the planner. Defence: the only thing of the
 * request that is looked at is the id, compared with those registered for this client; text beside
 * or instead of an id is refused unread, even when it is the text of a registered document.
 *
 * @param find a document of the client by id
 */
export function chooseDocument(
  request: DocumentRequest,
  find: (id: string) => RegisteredOperation | undefined,
): DocumentChoice {
  const isGet = request.method === 'GET';
  if (request.ambiguous) return refuse('BAD_REQUEST', 'MEMBER_REPEATED');
  if (Array.isArray(request.body)) return refuse('DOCUMENT_NOT_REGISTERED', 'BATCH_REFUSED');
  const read = asked.safeParse(isGet ? readParameters(request.parameters) : request.body);
  if (!read.success) return refuse('BAD_REQUEST', 'DOCUMENT_REQUEST_MALFORMED');
  const { query, operationName, variables } = read.data;
  if (query !== undefined && query !== null) {
    return refuse('DOCUMENT_NOT_REGISTERED', 'TEXT_REFUSED');
  }
  const id = idOf(read.data);
  const document = id === undefined ? undefined : find(id);
  if (document === undefined) return refuse('DOCUMENT_NOT_REGISTERED', 'ID_UNKNOWN');
  if (operationName != null && operationName !== document.name) {
    return refuse('DOCUMENT_NOT_REGISTERED', 'OPERATION_NOT_FOUND');
  }
  if (isGet && document.type === 'mutation') return refuse('METHOD_NOT_ALLOWED', 'MUTATION_BY_GET');
  if (isGet && document.get !== true) return refuse('METHOD_NOT_ALLOWED', 'VARIABLES_IN_URL');
  return { kind: 'chosen', document, variables: variables ?? {} };
}

/** Exactly one of both ways names the document; the draft's `sha256:` prefix may stand before. */
function idOf({ documentId, extensions }: Asked): string | undefined {
  const hash = extensions?.persistedQuery?.sha256Hash;
  if (documentId == null) return hash;
  return hash === undefined ? documentId.replace(/^sha256:/, '') : undefined;
}

function readParameters(parameters: unknown): unknown {
  const read = urlParameters.safeParse(parameters);
  if (!read.success) return undefined;
  const { variables, extensions, ...rest } = read.data;
  return { ...rest, variables: readJson(variables), extensions: readJson(extensions) };
}

/** @returns the value; for anything that is not unambiguous JSON a text, which fits nowhere */
function readJson(text: string | undefined): unknown {
  if (text === undefined || text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return repeatsMember(text) ? 'ambiguous' : value;
  } catch (error) {
    if (error instanceof SyntaxError) return 'malformed';
    throw error;
  }
}

function refuse(
  code: Extract<DocumentChoice, { kind: 'refused' }>['code'],
  reason: string,
): DocumentChoice {
  return { kind: 'refused', code, reason };
}
