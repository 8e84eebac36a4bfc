import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { createIdSource, systemClock } from '@caregraph/clock';
import { openEmbeddedKeyService, startDeployment, type Deployment } from '@caregraph/deployment';
import { embeddedErasureList } from '@caregraph/deployment/erasures';
import {
  makeFirstAdministrator,
  openIdentity,
  partnerRegistration,
  readIdentityConfig,
  type FirstAdministrator,
  type Identity,
} from '@caregraph/identity';
import { createLogger } from '@caregraph/observability';
import { isFullProfile, readEmbeddedConfig } from './config.ts';
import { startEmbeddedStores } from './start/embedded-stores.ts';

/** What a command needs of a running or of a stopped deployment. */
interface Reach {
  readonly identity: Identity;
  readonly publicUrl: string;
  send(authorization: string, query: string, variables: object): Promise<unknown>;
  close(): Promise<void>;
}

/** `caregraph identity init`, `partner-key` and `rotate-keys`. */
export function registerIdentityCommand(program: Command): void {
  const identity = program.command('identity').description('who may sign in, and with which keys');
  identity
    .command('init')
    .description('make the first administrator and print the link that sets the password')
    .requiredOption('--username <name>', 'what the person will sign in with')
    .requiredOption('--name <name>', "the person's name")
    .option('--institution <name>', 'made when there is none yet', 'Administration')
    .option('--country <name>', 'made when there is none yet', 'Country')
    .option('--time-zone <zone>', 'of that country, e.g. Asia/Kolkata', 'UTC')
    .action((person: FirstAdministrator) => withIdentity(async (reach) => init(reach, person)));
  identity
    .command('partner-key')
    .description("register a partner's system: its public keys, and what its tokens may carry")
    .argument('<registration.json>', 'partnerId, jwks, scope; authMethod and certificateSubject')
    .action((file: string) =>
      withIdentity(async (reach) => {
        const registration = partnerRegistration.parse(JSON.parse(await readFile(file, 'utf8')));
        await reach.identity.partnerKeys.register(registration);
        console.log(`Registered ${registration.partnerId}.`);
      }),
    );
  identity
    .command('rotate-keys')
    .description('publish the next signing key; it signs as soon as every verifier can know it')
    .action(() =>
      withIdentity(async (reach) => {
        await reach.identity.rotateKeys();
        console.log('The next key is published and signs in 20 minutes.');
      }),
    );
}

async function init(reach: Reach, person: FirstAdministrator): Promise<void> {
  const { accounts, tokens } = reach.identity;
  if (accounts === undefined) throw new Error('this deployment keeps no accounts');
  const { publicUrl, send } = reach;
  const ids = createIdSource(systemClock);
  const deps = { accounts, tokens, publicUrl, send, clock: systemClock, ids };
  console.log(await makeFirstAdministrator(deps, person));
  console.error('Open this link within three days to set the password. It works once.');
}

async function withIdentity(work: (reach: Reach) => Promise<void>): Promise<void> {
  const reach = isFullProfile() ? await reachFull() : await reachEmbedded();
  try {
    await work(reach);
  } finally {
    await reach.close();
  }
}

async function reachFull(): Promise<Reach> {
  const config = readIdentityConfig();
  const { identity, close } = await openIdentity(config);
  return {
    identity,
    publicUrl: config.TOKEN_ISSUER,
    close,
    async send(authorization, query, variables) {
      const answer = await fetch(config.INSTITUTION_URL, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
        redirect: 'error',
      });
      return answer.json();
    },
  };
}

/** The embedded deployment must not run meanwhile: its PostgreSQL is started for this. */
async function reachEmbedded(): Promise<Reach> {
  const config = readEmbeddedConfig();
  const stores = await startEmbeddedStores(config.CAREGRAPH_DATA, (line) => console.error(line));
  const publicUrl = config.PUBLIC_URL ?? `http://${config.HOST}:${config.PORT}`;
  const deployment = await startDeployment({
    databases: stores.databases,
    keyDatabase: stores.databases.keys,
    keyService: await openEmbeddedKeyService({
      dataDirectory: config.CAREGRAPH_DATA,
      keyDatabase: stores.databases.keys,
      passphraseFile: config.KEK_PASSPHRASE_FILE,
    }),
    keys: stores.keys,
    log: createLogger({ service: 'caregraph', level: 'error', destination: process.stderr }),
    clock: systemClock,
    phoneRegion: config.PHONE_REGION,
    erasures: await embeddedErasureList(config.CAREGRAPH_DATA, config.ERASURE_LIST_DIR),
    identity: { database: stores.databases.identity, publicUrl },
  });
  if (deployment.identity === undefined) throw new Error('identity is part of every deployment');
  return {
    identity: deployment.identity,
    publicUrl: `${publicUrl}/identity`,
    send: (authorization, query, variables) =>
      sendInProcess(deployment, authorization, { query, variables }),
    async close() {
      await deployment.stop();
      await stores.stop();
    },
  };
}

async function sendInProcess(
  deployment: Deployment,
  authorization: string,
  body: object,
): Promise<unknown> {
  const answer = await deployment.subgraphs.institution.execute({
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    search: '',
    body,
  });
  return JSON.parse(answer.body.kind === 'complete' ? answer.body.string : '');
}
