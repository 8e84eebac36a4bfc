import type { BlindIndexer, TokenRequest } from './blind-index.ts';
import type { FieldCodec, SealRequest } from './field-codec.ts';
import type { Row } from './field-map.ts';
import { SealError } from './seal-error.ts';

/** All values that one statement seals and indexes, with the places they go to. */
export interface WriteBatch {
  seal(request: SealRequest, row: Row): void;
  /** Several values of one column (a sealed list of texts) share its tokens. */
  index(requests: readonly TokenRequest[], row: Row, column: string, list: boolean): void;
  /** One call of the codec and one of the indexer, whatever the number of rows. */
  commit(codec: FieldCodec, indexer: BlindIndexer): Promise<void>;
}

export function createWriteBatch(): WriteBatch {
  const seals: { request: SealRequest; row: Row }[] = [];
  const tokens: TokenRequest[] = [];
  const columns: { row: Row; column: string; list: boolean; from: number; to: number }[] = [];
  return {
    seal: (request, row) => {
      seals.push({ request, row });
    },
    index: (requests, row, column, list) => {
      const from = tokens.length;
      tokens.push(...requests);
      columns.push({ row, column, list, from, to: tokens.length });
    },
    commit: async (codec, indexer) => {
      if (tokens.length > 0) {
        const found = await indexer.tokensOf(tokens);
        for (const { row, column, list, from, to } of columns) {
          const all = [...new Set(found.slice(from, to).flat())];
          row[column] = list ? all : (all[0] ?? null);
        }
      }
      if (seals.length === 0) return;
      const sealed = await codec.sealMany(seals.map(({ request }) => request));
      seals.forEach(({ request, row }, position) => {
        const bytes = sealed[position];
        if (bytes === undefined || sealed.length !== seals.length) {
          throw new SealError('SEAL_CODEC_MISMATCH', request, 'the codec gave another number back');
        }
        row[request.field] = bytes;
      });
    },
  };
}
