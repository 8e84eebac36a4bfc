import type { FieldCodec } from '@caregraph/encryption';

/**
 * What stores would cost without encryption: a version byte 0 and the plain bytes, as before there
 * were keys. It is no part of the product, which refuses such values.
 */
export const plainCodec: FieldCodec = {
  sealMany: (requests) => requests.map(({ plain }) => Buffer.concat([Buffer.of(0), plain])),
  openMany: (requests) => requests.map(({ sealed }) => sealed.subarray(1)),
};
