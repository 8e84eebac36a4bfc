import { createServer } from 'node:net';

/**
 * Looks at a port before anything is started, so that a taken one is said at once.
 *
 * @throws Error that names the port and the way out
 */
export async function requireFreePort(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(port, host, resolve);
  }).catch((error: unknown) => {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!taken) throw error;
    throw new Error(`Port ${port} is taken. Choose another one: PORT=${port + 1} npm start`);
  });
  await new Promise((resolve) => probe.close(resolve));
}
