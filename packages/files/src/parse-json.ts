/**
 * Parses JSON that may be none, for a schema to look at: the parser's own message quotes the text,
 * which may be a key or somebody's record.
 *
 * @returns undefined for what is no JSON
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
