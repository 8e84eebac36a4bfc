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

type Batch = Uint8Array[] | Promise<Uint8Array[]>;

/**
 * Seals and opens the values of one statement: a page of rows is one call, whatever its length,
 * so that a codec can fetch all the keys it needs at once. Answers keep the order of the requests.
 */
export interface FieldCodec {
  sealMany(requests: readonly SealRequest[]): Batch;
  openMany(requests: readonly OpenRequest[]): Batch;
}
