import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { DatabaseTarget } from '@caregraph/database';

/** A way to a database server that can be closed, as when the server is stopped. */
export interface Gate {
  /** The same database, reached through the gate. */
  readonly target: DatabaseTarget;
  /** Ends every connection and refuses new ones. */
  close(): Promise<void>;
  open(): Promise<void>;
}

/** Puts a TCP proxy before a database. */
export async function createGate(target: DatabaseTarget): Promise<Gate> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.once('error', () => other.destroy());
      socket.once('close', () => other.destroy());
      socket.pipe(other);
    }
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  await listen(0);
  // A TCP server that listens has an address of this shape.
  const { port } = server.address() as AddressInfo;
  return {
    target: { ...target, host: '127.0.0.1', port },
    open: () => listen(port),
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}
