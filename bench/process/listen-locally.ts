import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Running } from './child.ts';

/** Listens on a free port of this machine, and on nothing else. */
export async function listenLocally(server: Server): Promise<Running> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    started: { url: `http://127.0.0.1:${address.port}` },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
