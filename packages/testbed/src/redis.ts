import { existsSync } from 'node:fs';
import { startContainer } from './container.ts';
import { ensureDebianPackage } from './debian.ts';
import { namedServer } from './named-server.ts';
import { freePort, talk, until } from './port.ts';
import { serverFolder, startPrivateServer } from './private-server.ts';
import { firstAvailable, type Provider, type Service } from './service.ts';

const program = '/usr/bin/redis-server';

/**
 * A real Redis for tests, empty, without persistence.
 *
 * @throws Error that says what was tried when there is none
 */
export function startRedis(log: (line: string) => void = () => {}): Promise<Service> {
  return firstAvailable('Redis', [
    namedServer('TEST_REDIS_URL', 6379),
    inContainer,
    fromDebian(log),
  ]);
}

const inContainer: Provider = {
  name: 'container engine',
  async provide() {
    const container = await startContainer('redis:7', 6379, {});
    if ('unavailable' in container) return container;
    await answers(container.port, () => {});
    return {
      url: `redis://127.0.0.1:${container.port}`,
      origin: container.engine,
      stop: () => container.stop(),
    };
  },
};

function fromDebian(log: (line: string) => void): Provider {
  return {
    name: 'Debian package',
    async provide() {
      const found = await ensureDebianPackage('redis-server', () => existsSync(program), log);
      return 'unavailable' in found ? found : startServer();
    },
  };
}

async function startServer(): Promise<Service> {
  const folder = await serverFolder('redis');
  const port = await freePort();
  const place = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder];
  const server = startPrivateServer(folder, {
    program,
    args: [...place, '--save', '', '--appendonly', 'no'],
    quitSignal: 'SIGTERM',
  });
  try {
    await answers(port, () => server.assertAlive());
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}`, origin: program, stop: () => server.stop() };
}

function answers(port: number, assertAlive: () => void): Promise<void> {
  return until('Redis did not answer', 20_000, async () => {
    assertAlive();
    const reply = await talk('127.0.0.1', port, { greeting: 'PING\r\n', timeoutMs: 2000 });
    return reply?.startsWith('+PONG') === true;
  });
}
