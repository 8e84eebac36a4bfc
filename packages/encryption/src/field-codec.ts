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

type Batch = Uint8Array[] | Promise<Uint8Array[]>;

/**
 * Seals and opens the values of one statement: a page of rows is one call, whatever its length,
 * so that a codec can fetch all the keys it needs at once. Answers keep the order of the requests.
 */
export interface FieldCodec {
  sealMany(requests: readonly SealRequest[]): Batch;
  openMany(requests: readonly OpenRequest[]): Batch;
}

const plainVersion = 0;

/**
 * The codec for stores that hold no real data yet: version byte 0, then the plain bytes.
 * It does NOT encrypt. Whoever reads the database reads the values.
 */
export const plainCodec: FieldCodec = {
  sealMany(requests) {
    return requests.map(({ plain }) => {
      const sealed = new Uint8Array(plain.length + 1);
      sealed[0] = plainVersion;
      sealed.set(plain, 1);
      return sealed;
    });
  },
  openMany(requests) {
    return requests.map((request) => {
      if (request.sealed[0] !== plainVersion) {
        throw new SealError('SEAL_VERSION_UNKNOWN', request, 'the codec does not know this format');
      }
      return request.sealed.subarray(1);
    });
  },
};
