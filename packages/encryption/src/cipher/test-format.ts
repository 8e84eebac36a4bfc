import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';

/**
 * FORMAT.md a second time, word for word and with nothing of the code that it specifies, so that
 * an error in one of them shows.
 */

const hex = (text: string) => Buffer.from(text, 'hex');
const uuid = (text: string) => hex(text.split('-').join(''));
const label = (text: string) => Buffer.concat([Buffer.from(text, 'ascii'), Buffer.of(0)]);

function lp(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

function gcm(key: Buffer, nonce: Buffer, associated: Buffer, plain: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  cipher.setAAD(associated);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function derived(name: string, dataKey: string, keyId: string): Buffer {
  const info = Buffer.concat([label(name), uuid(keyId)]);
  return Buffer.from(hkdfSync('sha256', hex(dataKey), Buffer.alloc(0), info, 32));
}

/** What a vector of a sealed value gives; bytes are hexadecimal. */
export interface ValueGiven {
  readonly dataKey: string;
  readonly keyId: string;
  readonly ownerId: string;
  readonly store: string;
  readonly model: string;
  readonly field: string;
  readonly rowId: string;
  readonly nonce: string;
  readonly plain: string;
}

/** "From a data key to what is used" and "A sealed value, version 1". */
export function valueByFormat(given: ValueGiven) {
  const { dataKey, keyId, store, model, field, rowId, nonce, plain } = given;
  const fieldKey = derived('caregraph/field-key/v1', dataKey, keyId);
  const commitment = derived('caregraph/key-commitment/v1', dataKey, keyId);
  const version = Buffer.of(1);
  const associated = Buffer.concat([
    ...[version, uuid(keyId), lp(store), lp(model), lp(field), lp(rowId)],
  ]);
  const body = gcm(fieldKey, hex(nonce), associated, hex(plain));
  const sealed = Buffer.concat([version, uuid(keyId), commitment, hex(nonce), body]);
  return {
    fieldKey: fieldKey.toString('hex'),
    commitment: commitment.toString('hex'),
    sealed: sealed.toString('hex'),
  };
}

/** What a vector of a wrapped data key gives. */
export interface WrapGiven {
  readonly partitionKey: string;
  readonly store: string;
  readonly keyId: string;
  readonly ownerId: string;
  readonly partitionKeyId: string;
  readonly nonce: string;
  readonly dataKey: string;
}

/** "A wrapped data key, version 1". */
export function wrappedByFormat(given: WrapGiven) {
  const { partitionKey, store, keyId, ownerId, partitionKeyId, nonce, dataKey } = given;
  const associated = Buffer.concat([
    ...[label('caregraph/data-key/v1'), lp(store), uuid(keyId), uuid(ownerId)],
    uuid(partitionKeyId),
  ]);
  const body = gcm(hex(partitionKey), hex(nonce), associated, hex(dataKey));
  return { wrapped: Buffer.concat([Buffer.of(1), hex(nonce), body]).toString('hex') };
}

/** What a vector of a blind index gives; the text is what the normaliser made of the value. */
export interface TokenGiven {
  readonly indexKey: string;
  readonly store: string;
  readonly model: string;
  readonly column: string;
  /** The district, where the index is kept within one. */
  readonly partition: string | null;
  readonly bits: number;
  readonly text: string;
}

/** "Blind indexes". */
export function tokenByFormat(given: TokenGiven) {
  const { indexKey, store, model, column, partition, bits, text } = given;
  const within = (name: string) =>
    createHmac('sha256', hex(indexKey))
      .update(Buffer.concat([label('caregraph/index-partition/v1'), lp(name)]))
      .digest();
  const partitionKey = partition === null ? null : within(partition);
  const token = createHmac('sha256', partitionKey ?? hex(indexKey))
    .update(Buffer.concat([lp(store), lp(model), lp(column), Buffer.from(text, 'utf8')]))
    .digest('hex')
    .slice(0, bits / 4);
  return { partitionKey: partitionKey?.toString('hex') ?? null, token };
}
