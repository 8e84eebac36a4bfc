const quote = 0x22;
const backslash = 0x5c;

/**
 * Tells whether some object of a JSON text names a member twice.
 *
 * Threat: of `{"documentId": A, "documentId": B}` a gateway before us may read A and we B, so that
 * what was checked is not what runs. JSON.parse takes the last one and says nothing.
 *
 * @param json a text that JSON.parse has taken
 */
export function repeatsMember(json: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(json, at);
      const members = open.at(-1);
      if (members && isFollowedByColon(json, end)) {
        const name: unknown = JSON.parse(json.slice(at, end + 1));
        if (members.has(String(name))) return true;
        members.add(String(name));
      }
      at = end;
    }
  }
  return false;
}

function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json.charCodeAt(at) !== quote) {
    at += json.charCodeAt(at) === backslash ? 2 : 1;
  }
  return at;
}

function isFollowedByColon(json: string, end: number): boolean {
  let at = end + 1;
  while (' \t\r\n'.includes(json[at] ?? ':')) at += 1;
  return json[at] === ':';
}
