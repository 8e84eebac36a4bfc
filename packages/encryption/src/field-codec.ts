import { SealError } from './seal-error.ts';

/** Everything the associated data of a sealed value will bind it to. */
export interface SealContext {
  readonly store: string;
  readonly model: string;
  readonly field: string;
  readonly rowId: string;
  readonly ownerId: string;
}

export interface SealRequest extends SealContext {
  readonly plain: Uint8Array;
}

export interface OpenRequest extends SealContext {
  readonly sealed: Uint8Array;
}

type Batch<T> = T[] | Promise<T[]>;

/** What became of one sealed value: its bytes, or why just this one does not open. */
export type Opening = Uint8Array | SealError;

/**
 * Seals and opens the values of one statement: a page of rows is one call, whatever its length,
 * so that a codec can fetch all the keys it needs at once. Answers keep the order of the requests.
 *
 * A value that does not open is an answer like the others, because nobody else's record may suffer
 * by it. What concerns all of them, such as keys that cannot be had, is thrown.
 */
export interface FieldCodec {
  sealMany(requests: readonly SealRequest[]): Batch<Uint8Array>;
  openMany(requests: readonly OpenRequest[]): Batch<Opening>;
}

/** Opens values that all must open. @throws SealError of the first that does not */
export async function openAll(
  codec: Pick<FieldCodec, 'openMany'>,
  requests: readonly OpenRequest[],
): Promise<Uint8Array[]> {
  const opened = await codec.openMany(requests);
  return opened.map((one) => {
    if (one instanceof SealError) throw one;
    return one;
  });
}
