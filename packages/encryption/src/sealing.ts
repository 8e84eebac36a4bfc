import type { BlindIndexer, TokenRequest } from './blind-index.ts';
import type { FieldCodec } from './field-codec.ts';
import { modelOf, type Row, type SealedFields } from './field-map.ts';
import { openAnswer } from './open-rows.ts';
import { sealingExtension } from './sealing-extension.ts';
import { createQueryGuard } from './query-guard.ts';
import { SealError } from './seal-error.ts';
import { createWriteBatch } from './write-batch.ts';
import { createWritePlanner } from './write-plan.ts';

export interface SealingDependencies {
  readonly codec: FieldCodec;
  readonly blindIndexer: BlindIndexer;
}

/** A row with its sealed columns open: same columns, plain types. */
export type Opened<Plain, R> = { [K in keyof R]: K extends keyof Plain ? Plain[K] : R[K] };

/** A row as the database takes it: sealed columns are bytes, blind index columns are added. */
export type Stored = Row;

export interface BlindIndexContext {
  /** The value of the field named by `with:`. */
  readonly with?: string;
  /** The value of the field named by `within:`. */
  readonly within?: string;
  /** Which of the texts of the value are looked up, in the words of the normaliser; all without it. */
  readonly aspect?: string;
}

/** What a store has besides its client: for raw SQL, and for searching. */
export interface Sealing<Plain, Blind> {
  /** Gives a bare Prisma client its sealing; `Client` is the generated client type. */
  seal<Client>(client: object): Client;
  /**
   * Opens rows of raw or typed SQL. Columns are named like the fields, and id and owner are among
   * them. The rows given are left as they are. A value that does not open throws its SealError when
   * it is read, as in rows of the client. Throws SEAL_ROW_ID_MISSING.
   *
   * @example await sealing.openRows('Patient', await prisma.$queryRaw`SELECT id, name FROM …`)
   */
  openRows<M extends keyof Plain & string, R extends object>(
    model: M,
    rows: readonly R[],
  ): Promise<Opened<Plain[M], R>[]>;
  /** Seals rows for an insert by raw SQL (bulk import): bytes and tokens in place of plain values. */
  sealRows<M extends keyof Plain & string>(model: M, rows: readonly object[]): Promise<Stored[]>;
  /**
   * The tokens that `value` is found by, in the blind index column `column` of `model`. Any one of
   * them shows a match: rows may be indexed under more than one key, and a value may have several
   * spellings. None shows a certain one, because tokens are truncated: compare the opened value.
   *
   * @example { phoneIndex: { in: await sealing.blindIndexFor('Patient', 'phoneIndex', phone) } }
   * @example { nameTokens: { hasSome: await sealing.blindIndexFor('Patient', 'nameTokens', word) } }
   */
  blindIndexFor<M extends keyof Blind & string>(
    model: M,
    column: Blind[M] & string,
    value: string,
    context?: BlindIndexContext,
  ): Promise<string[]>;
  /**
   * Whether the index finds an opened value by what is asked, or only its truncated token is the
   * same by chance. Both pass the normaliser that made the tokens, so the two cannot disagree.
   *
   * @param compared.asked what was given to `blindIndexFor`
   * @param compared.opened what the row that was found holds
   * @example sealing.isMeant('Patient', 'phoneIndex', { asked: phone, opened: row.phone })
   */
  isMeant<M extends keyof Blind & string>(
    model: M,
    column: Blind[M] & string,
    compared: { readonly asked: string; readonly opened: string },
    context?: BlindIndexContext,
  ): boolean;
}

interface Extensible {
  $extends(extension: unknown): unknown;
}

function isExtensible(client: object): client is Extensible {
  return '$extends' in client && typeof client.$extends === 'function';
}

/** Sealing of one store, from its generated field map. Use it through `createSealedClient`. */
export function createSealing<Plain, Blind>(
  fields: SealedFields,
  { codec, blindIndexer }: SealingDependencies,
): Sealing<Plain, Blind> {
  const guard = createQueryGuard(fields);
  return {
    seal<Client>(client: object): Client {
      if (!isExtensible(client)) throw new TypeError('Only a Prisma client can be sealed.');
      const extended = client.$extends(sealingExtension({ fields, codec, blindIndexer }));
      // A query extension leaves the shape of the client alone, and the generated type of this
      // client is written for what the extension gives and takes.
      return extended as Client;
    },
    async openRows<M extends keyof Plain & string, R extends object>(model: M, rows: readonly R[]) {
      const entry = modelOf(fields, model);
      const copies: unknown[] = rows.map((row) => ({ ...row }));
      const sealed = Object.entries(entry.sealed).filter(([field]) =>
        rows.some((row) => field in row),
      );
      const plan = { model, entry, sealed, strip: Object.keys(entry.blind), children: [] };
      await openAnswer(fields.store, codec, plan, copies);
      // The plain values are in place now, by the same map that the type comes from.
      return copies as Opened<Plain[M], R>[];
    },
    async sealRows(model, rows) {
      const copies: Stored[] = rows.map((row) => ({ ...row }));
      const batch = createWriteBatch();
      const planner = createWritePlanner(fields, guard, batch);
      for (const row of copies) planner.create(model, row, {});
      await batch.commit(codec, blindIndexer);
      return copies;
    },
    async blindIndexFor(model, column, value, context = {}) {
      const place = { model, field: column };
      const request = requestOf(fields, place, { value, purpose: 'search', context });
      const [tokens] = await blindIndexer.tokensOf([request]);
      if (tokens === undefined) {
        throw new SealError('SEAL_CODEC_MISMATCH', place, 'the indexer gave no tokens back');
      }
      return tokens;
    },
    isMeant(model, column, { asked, opened }, context = {}) {
      const textsOf = (value: string, purpose: TokenRequest['purpose']) =>
        blindIndexer.textsOf(
          requestOf(fields, { model, field: column }, { value, purpose, context }),
        );
      const stored = new Set(textsOf(opened, 'write'));
      return textsOf(asked, 'search').some((text) => stored.has(text));
    },
  };
}

function requestOf(
  fields: SealedFields,
  place: { readonly model: string; readonly field: string },
  asked: Pick<TokenRequest, 'value' | 'purpose'> & { readonly context: BlindIndexContext },
): TokenRequest {
  const { value, purpose, context } = asked;
  const index = modelOf(fields, place.model).blind[place.field];
  if (index === undefined) {
    throw new SealError('BLIND_INDEX_UNKNOWN', place, 'the schema declares no such index');
  }
  const companion = context.with ?? null;
  const partition = context.within ?? null;
  if (
    (index.with !== null) !== (companion !== null) ||
    (index.within !== null) !== (partition !== null)
  ) {
    const why = 'give with and within exactly when the index declares them';
    throw new SealError('BLIND_INDEX_CONTEXT_MISSING', place, why);
  }
  const { store } = fields;
  const aspect = context.aspect ?? null;
  return { store, ...place, index, value, companion, partition, aspect, purpose };
}
