import { faultCatalogue } from '@caregraph/fault';
import { z } from 'zod';
import type { ImportSubgraph } from '../map/input.ts';
import {
  ImportStopped,
  TransientFault,
  type EntryAnswer,
  type Sender,
  type WireEntry,
} from './sender.ts';

/** A GraphQL request to whoever answers for a subgraph: the router, or the subgraph itself. */
export type Ask = (
  subgraph: ImportSubgraph,
  request: { readonly query: string; readonly variables: Readonly<Record<string, unknown>> },
) => Promise<{ readonly status: number; readonly body: unknown }>;

const receipt = z.object({
  verdict: z.string(),
  replayed: z.boolean(),
  problems: z.array(z.object({ code: z.string(), field: z.string().nullish() })),
});
const response = z.object({
  data: z.record(z.string(), z.array(receipt.nullable()).nullable()).nullish(),
  errors: z
    .array(
      z.object({
        path: z.array(z.union([z.string(), z.number()])).optional(),
        extensions: z.object({ code: z.string().optional() }).optional(),
      }),
    )
    .optional(),
});
type Response = z.infer<typeof response>;

/** Faults of one entry that make the server refuse the request as a whole: found by halving it. */
const divisible = new Set(['BAD_USER_INPUT', 'BODY_TOO_LARGE']);

/**
 * Sends entries through the batch mutations of the subgraphs.
 *
 * @param ask carries a request; it may throw TransientFault and ImportStopped
 * @param settle see Sender; a deployment knows best when its events have been delivered
 * @example createGraphqlSender(createHttpAsk({ url, token }), settle)
 */
export function createGraphqlSender(ask: Ask, settle: Sender['settle']): Sender {
  async function send(
    subgraph: ImportSubgraph,
    entries: readonly WireEntry[],
  ): Promise<readonly EntryAnswer[]> {
    const field = `apply${capitalized(subgraph)}Operations`;
    const { status, body } = await ask(subgraph, {
      query: batchDocument(subgraph, field),
      variables: { operations: entries },
    });
    const parsed = response.safeParse(body);
    if (!parsed.success) throw refusedAs(status, []);
    const receipts = parsed.data.data?.[field];
    if (receipts != null) return answers(entries, receipts, parsed.data.errors ?? []);
    const codes = (parsed.data.errors ?? []).flatMap(({ extensions }) => extensions?.code ?? []);
    const [code] = codes;
    if (code === undefined || !divisible.has(code)) throw refusedAs(status, codes);
    if (entries.length === 1) return [{ fault: code, isTransient: false }];
    const middle = Math.ceil(entries.length / 2);
    const first = await send(subgraph, entries.slice(0, middle));
    return [...first, ...(await send(subgraph, entries.slice(middle)))];
  }
  return { send, settle };
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function batchDocument(subgraph: ImportSubgraph, field: string): string {
  return `mutation Import${capitalized(subgraph)}Records(
  $operations: [${capitalized(subgraph)}Operation!]!
) {
  ${field}(operations: $operations, stopOnFailure: false) {
    verdict
    replayed
    problems { code field }
  }
}`;
}

function answers(
  entries: readonly WireEntry[],
  receipts: readonly (z.infer<typeof receipt> | null)[],
  errors: NonNullable<Response['errors']>,
): EntryAnswer[] {
  const faults = new Map(errors.map(({ path, extensions }) => [path?.[1], extensions?.code]));
  return entries.map((_entry, index) => {
    const answer = receipts[index];
    if (answer != null) {
      const problems = answer.problems.map(({ code, field }) => ({ code, field: field ?? null }));
      return { verdict: answer.verdict, replayed: answer.replayed, problems };
    }
    const fault = faults.get(index) ?? 'INTERNAL';
    return { fault, isTransient: isTransient(fault) };
  });
}

/** Faults of the server pass; those of the request stay, however often it is sent. */
function isTransient(code: string): boolean {
  return Object.hasOwn(faultCatalogue, code)
    ? faultCatalogue[code as keyof typeof faultCatalogue].status >= 500 // the table has the key
    : false;
}

function refusedAs(status: number, codes: readonly string[]): Error {
  const named = codes.length > 0 ? codes.join(', ') : `HTTP ${status}`;
  const isToken = codes.some((code) => code === 'UNAUTHENTICATED' || code.startsWith('TOKEN_'));
  if (status === 401 || isToken) {
    return new ImportStopped('TOKEN_REFUSED', `The server does not accept the token (${named}).`);
  }
  if (status >= 500 || status === 429 || codes.some(isTransient)) {
    return new TransientFault(`The server cannot answer now (${named}).`);
  }
  return new ImportStopped('REQUEST_REFUSED', `The server refuses the import (${named}).`);
}
