import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP address behind which a server can vanish and another appear. */
export interface Switch {
  readonly url: string;
  /** Ends every connection; new ones are refused. */
  cut(): Promise<void>;
  /** Leads to this server from now on. */
  leadTo(url: string): Promise<void>;
  stop(): Promise<void>;
}

/** @param target `redis://host:port` and the like */
export async function startSwitch(target: string): Promise<Switch> {
  let to = new URL(target);
  const sockets = new Set<Socket>();
  const take = (near: Socket) => {
    const far = connect(Number(to.port), to.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      // A reset is one way of ending; the other side hears of it by the close.
      one.on('error', () => undefined);
      one.once('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  };
  let server: Server | undefined;
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server = createServer(take);
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        const address = server?.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  const cut = async () => {
    const closed = new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    for (const socket of sockets) socket.destroy();
    await closed;
    server = undefined;
  };
  const port = await listen(0);
  const url = new URL(target);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    cut,
    async leadTo(next) {
      to = new URL(next);
      if (server === undefined) await listen(port);
    },
    stop: cut,
  };
}
