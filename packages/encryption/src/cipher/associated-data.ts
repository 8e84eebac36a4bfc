/** Longest text that `lengthPrefixed` takes, in UTF-8 bytes. */
const maxBytes = 0xffff;

const prefixes = new Map<string, Buffer>();
const mostPrefixes = 1_000;

/**
 * A text with its length before it, so that no two different lists of texts give the same bytes.
 *
 * @throws RangeError for a text above 65,535 UTF-8 bytes
 */
export function lengthPrefixed(text: string): Buffer {
  const out = Buffer.allocUnsafe(prefixedBytes(text));
  lengthPrefixedInto(out, 0, text);
  return out;
}

/** How many bytes `lengthPrefixed` makes of a text. */
export function prefixedBytes(text: string): number {
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes > maxBytes) throw new RangeError('a bound name has at most 65,535 bytes');
  return bytes + 2;
}

/** Writes what `lengthPrefixed` makes into room for `prefixedBytes` at `at`. */
export function lengthPrefixedInto(out: Buffer, at: number, text: string): void {
  out.writeUInt16BE(out.write(text, at + 2, 'utf8'), at);
}

/**
 * The same for names of schemas: subgraphs, models and fields are few and come again with every
 * value, so their bytes are kept. Ids must not come here: they are many.
 */
export function namesPrefixed(first: string, second: string, third: string): Buffer {
  const key = `${first}\0${second}\0${third}`;
  const known = prefixes.get(key);
  if (known !== undefined) return known;
  const made = Buffer.concat([first, second, third].map(lengthPrefixed));
  if (prefixes.size >= mostPrefixes) prefixes.clear();
  prefixes.set(key, made);
  return made;
}

const uuidText = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The 16 bytes of a UUID. @throws RangeError when the text is not one */
export function uuidBytes(uuid: string): Buffer {
  if (!uuidText.test(uuid)) throw new RangeError('not a UUID');
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

/** The text of 16 bytes, in lower case. */
export function uuidOf(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
