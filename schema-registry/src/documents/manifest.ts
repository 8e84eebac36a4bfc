import { createHash } from 'node:crypto';
import { z } from 'zod';

const operation = z.strictObject({
  /** SHA-256 of the bytes of the body, in lower-case hex. */
  id: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string().regex(/^[_A-Za-z][_0-9A-Za-z]*$/),
  type: z.enum(['query', 'mutation']),
  body: z.string().min(1).max(65_536),
  /** Whether it may be asked by GET; CareGraph's own addition, which other readers skip. */
  get: z.literal(true).optional(),
});

const manifestShape = z.strictObject({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(operation).max(5_000),
});

export type RegisteredOperation = Readonly<z.infer<typeof operation>>;

/** The documents that one client may run, as Apollo's persisted-query manifests write them. */
export interface Manifest {
  readonly operations: readonly RegisteredOperation[];
}

export type ManifestReading =
  | { readonly kind: 'read'; readonly manifest: Manifest }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** The id of a document: a changed body is another document. */
export function documentIdOf(body: string): string {
  return createHash('sha256').update(body, 'utf8').digest('hex');
}

/**
 * Reads a persisted-query manifest. That an id is the hash of its body is checked here, so that
 * what a reviewer read under an id is what runs under it.
 *
 * @param text the manifest file
 * @example const reading = readManifest(await readFile('field-app.json', 'utf8'));
 */
export function readManifest(text: string): ManifestReading {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: 'refused', problems: ['it is not JSON'] };
  }
  const parsed = manifestShape.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((one) => `${one.path.join('.')}: ${one.message}`);
    return { kind: 'refused', problems };
  }
  const { operations } = parsed.data;
  const problems = [
    ...operations.flatMap(({ id, name, body }) =>
      documentIdOf(body) === id ? [] : [`${name}: the id is not the SHA-256 of the body`],
    ),
    ...twice(operations.map(({ name }) => name)).map((name) => `${name}: is there twice`),
  ];
  return problems.length === 0
    ? { kind: 'read', manifest: { operations } }
    : { kind: 'refused', problems };
}

/** The one text of a manifest: operations by name, so that a diff shows what changed. */
export function printManifest({ operations }: Manifest): string {
  const sorted = operations
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ id, name, type, body, get }) => ({ id, name, type, body, ...(get && { get }) }));
  const manifest = { format: 'apollo-persisted-query-manifest', version: 1, operations: sorted };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

export function twice(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
