import { request } from 'node:http';
import { z } from 'zod';

/** An answer as it came over the wire, for what `fetch` would not send or show. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface WireRequest {
  readonly method?: string;
  readonly path?: string;
  /** Pairs, so that one name may come twice and in any case. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
}

/** Sends one request on a connection of its own, with these headers and no others but Host. */
export function send(url: string, wire: WireRequest = {}): Promise<WireAnswer> {
  const { method = 'POST', path = '/graphql', headers = [], body } = wire;
  const { host, hostname, port } = new URL(url);
  const named = headers.some(([name]) => name.toLowerCase() === 'host');
  const length = body === undefined ? [] : ['content-length', String(Buffer.byteLength(body))];
  const flat = [...(named ? [] : ['host', host]), ...headers.flat(), ...length];
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, method, path, headers: flat, agent: false });
    asked.on('error', reject);
    asked.on('response', (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => void parts.push(part));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(parts).toString();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
      });
    });
    asked.end(body);
  });
}

/** The headers of a JSON request; without a token nobody is named. */
export function jsonHeaders(token?: string): [string, string][] {
  const content: [string, string] = ['content-type', 'application/json'];
  return token === undefined ? [content] : [['authorization', `Bearer ${token}`], content];
}

const body = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .array(z.object({ message: z.string(), extensions: z.looseObject({ code: z.string() }) }))
    .default([]),
});

/** The GraphQL answer in it; fails when it is none, or when an error has no code. */
export function readBody({ text }: Pick<WireAnswer, 'text'>): z.infer<typeof body> {
  return body.parse(JSON.parse(text));
}

/** The codes of all errors, each once. */
export function codesOf(answer: Pick<WireAnswer, 'text'>): string[] {
  return [...new Set(readBody(answer).errors.map(({ extensions }) => extensions.code))];
}
