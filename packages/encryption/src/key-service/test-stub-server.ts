import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What the stand-ins of Vault and KMS share: a server, and answers that go wrong on the way. */

export type Json = Record<string, unknown>;

export interface StubOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** What goes wrong with so many answers; the rest is done properly. */
export interface AnswerTrouble {
  throttled: number;
  failing: number;
  silent: number;
  truncated: number;
  cutOff: number;
  /** Answers by halves, and keeps the connection. */
  stalled: number;
}

export const noAnswerTrouble = (): AnswerTrouble => ({
  ...{ throttled: 0, failing: 0, silent: 0, truncated: 0, cutOff: 0, stalled: 0 },
});

/** Whether it goes wrong this time; once less the next. */
export function happens(trouble: AnswerTrouble, name: keyof AnswerTrouble): boolean {
  if (trouble[name] <= 0) return false;
  trouble[name] -= 1;
  return true;
}

/** @param body undefined: nothing is sent but the head */
export function sendJson(
  response: ServerResponse,
  trouble: AnswerTrouble,
  answer: {
    readonly status: number;
    readonly body: unknown;
    readonly headers: Record<string, string>;
  },
): void {
  const { status, headers } = answer;
  const json = answer.body === undefined ? '' : JSON.stringify(answer.body);
  const half = json.slice(0, json.length / 2);
  if (happens(trouble, 'stalled')) {
    response.writeHead(status, { 'content-length': json.length });
    response.write(half);
  } else if (happens(trouble, 'cutOff')) {
    response.writeHead(status, { ...headers, 'content-length': json.length });
    response.write(half, () => response.destroy());
  } else {
    response.writeHead(status, headers);
    response.end(happens(trouble, 'truncated') ? json.slice(0, -9) : json);
  }
}

export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** Serves on this machine; a fault of the stub itself is a violation. */
export async function startStubServer(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  { tls }: StubOptions,
  violations: string[],
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    void handle(request, response).catch((error: unknown) => {
      violations.push(String(error));
      response.destroy();
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What a stub holds to: an unknown field is a violation, and so is text that is not base64. */
export function createStrictness(violation: (text: string) => never) {
  return {
    only(body: Json, names: string[]): void {
      const unknown = Object.keys(body).filter((name) => !names.includes(name));
      if (unknown.length > 0) violation(`unknown fields ${unknown.join(', ')}`);
    },
    decode(value: unknown): Buffer {
      const bytes = Buffer.from(String(value), 'base64');
      return bytes.toString('base64') === value ? bytes : violation('not base64');
    },
  };
}

export type Strictness = ReturnType<typeof createStrictness>;
