import { existsSync, globSync } from 'node:fs';
import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startContainer } from './container.ts';
import { ensureDebianPackage } from './debian.ts';
import { namedServer } from './named-server.ts';
import { freePort, talk, until } from './port.ts';
import {
  serverAccount,
  serverFolder,
  startPrivateServer,
  type PrivateServer,
} from './private-server.ts';
import { firstAvailable, type Provider, type Service } from './service.ts';

const program = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** The start of the AMQP 0-9-1 handshake (section 4.2.2): a broker answers it with a method frame. */
const greeting = 'AMQP\x00\x00\x09\x01';

/**
 * A real RabbitMQ for tests, with its default account and no queues.
 *
 * @throws Error that says what was tried when there is none
 */
export function startRabbitmq(log: (line: string) => void = () => {}): Promise<Service> {
  return firstAvailable('RabbitMQ', [
    namedServer('TEST_RABBITMQ_URL', 5672),
    inContainer,
    fromDebian(log),
  ]);
}

const inContainer: Provider = {
  name: 'container engine',
  async provide() {
    const container = await startContainer('rabbitmq:3', 5672, {});
    if ('unavailable' in container) return container;
    await answers(container.port, () => {});
    return {
      url: `amqp://guest:guest@127.0.0.1:${container.port}`,
      origin: container.engine,
      stop: () => container.stop(),
    };
  },
};

function fromDebian(log: (line: string) => void): Provider {
  return {
    name: 'Debian package',
    async provide() {
      const found = await ensureDebianPackage('rabbitmq-server', () => existsSync(program), log);
      return 'unavailable' in found ? found : startBroker();
    },
  };
}

async function startBroker(): Promise<Service> {
  const account = serverAccount('rabbitmq');
  const folder = await serverFolder('rabbitmq', account);
  const ports = { amqp: await freePort(), nodes: await freePort(), names: await freePort() };
  const config = join(folder, 'rabbitmq.conf');
  await writeFile(config, `listeners.tcp.local = 127.0.0.1:${ports.amqp}\n`);
  const plugins = join(folder, 'enabled_plugins');
  await writeFile(plugins, '[].\n');
  if (account !== undefined) {
    for (const file of [config, plugins]) await chown(file, account.uid, account.gid);
  }
  // RabbitMQ would otherwise leave a name server of its own on the machine's well-known port.
  const nameServerFolder = await serverFolder('epmd', account);
  const nameServer = startPrivateServer(nameServerFolder, {
    program: nameServerProgram(),
    args: ['-address', '127.0.0.1', '-port', String(ports.names)],
    account,
    quitSignal: 'SIGTERM',
  });
  const server = startPrivateServer(folder, {
    program,
    args: [],
    env: environment(folder, ports),
    account,
    quitSignal: 'SIGTERM',
  });
  const stop = (): Promise<void> => stopBoth(server, nameServer);
  try {
    await answers(ports.amqp, () => server.assertAlive());
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `amqp://guest:guest@127.0.0.1:${ports.amqp}`, origin: program, stop };
}

async function stopBoth(server: PrivateServer, nameServer: PrivateServer): Promise<void> {
  await server.stop();
  await nameServer.stop();
}

function nameServerProgram(): string {
  const found = globSync('/usr/lib/erlang/erts-*/bin/epmd')[0];
  if (found === undefined) throw new Error('RabbitMQ is installed, but its Erlang is not');
  return found;
}

function environment(
  folder: string,
  ports: { amqp: number; nodes: number; names: number },
): Record<string, string> {
  return {
    RABBITMQ_NODENAME: `caregraph-${ports.amqp}@localhost`,
    RABBITMQ_DIST_PORT: String(ports.nodes),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_PID_FILE: join(folder, 'broker.pid'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    ERL_EPMD_PORT: String(ports.names),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // Two schedulers that sleep at once: a broker under test must not spin on a small machine.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none',
  };
}

function answers(port: number, assertAlive: () => void): Promise<void> {
  return until('RabbitMQ did not answer', 120_000, async () => {
    assertAlive();
    return (await talk('127.0.0.1', port, { greeting, timeoutMs: 5000 })) !== undefined;
  });
}
