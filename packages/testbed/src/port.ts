import { createConnection, createServer } from 'node:net';

/** A TCP port on 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('no TCP port'));
      server.close(() => resolve(address.port));
    });
  });
}

/**
 * Sends `greeting` (when there is one) and answers the first bytes the server says, or an empty
 * text when it merely accepts; undefined when nothing listens or nothing comes in time.
 */
export function talk(
  host: string,
  port: number,
  options: { greeting?: string; timeoutMs: number },
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    const end = (answer: string | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(options.timeoutMs, () => end(undefined));
    socket.once('error', () => end(undefined));
    socket.once('data', (bytes) => end(bytes.toString('latin1')));
    socket.once('close', () => resolve(undefined));
    socket.once('connect', () => {
      if (options.greeting === undefined) end('');
      else socket.write(options.greeting, 'latin1');
    });
  });
}

/**
 * Asks `probe` every 50 ms until it answers true.
 *
 * @throws Error with `what` when it never did within `timeoutMs`
 */
export async function until(
  what: string,
  timeoutMs: number,
  probe: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await probe())) {
    if (performance.now() > deadline) throw new Error(`${what} within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
