import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@caregraph/clock';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startKmsStub } from './aws-kms/test-kms-stub.ts';
import { keyServiceConfigOf, keyServiceVariables } from './key-service-config.ts';
import { openKeyService } from './open-key-service.ts';
import { startVaultStub } from './vault-transit/test-vault-stub.ts';

const environment = z.object(keyServiceVariables);
const read = (variables: Record<string, string>) =>
  keyServiceConfigOf(environment.parse(variables));

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});
async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'caregraph-keys-'));
  ending.push(() => rm(directory, { recursive: true }));
  return directory;
}

const vault = { KEY_SERVICE: 'vault-transit', VAULT_ADDR: 'https://vault.example.org:8200' };
const kms = { KEY_SERVICE: 'aws-kms', AWS_KMS_KEY_ID: 'alias/caregraph', AWS_REGION: 'ap-south-1' };

describe('the configuration of the key service', () => {
  it('of Vault has the defaults of a usual installation', () => {
    expect(
      read({ ...vault, VAULT_AUTH: 'kubernetes', VAULT_KUBERNETES_ROLE: 'caregraph' }),
    ).toEqual({
      kind: 'vault-transit',
      address: 'https://vault.example.org:8200',
      namespace: undefined,
      mount: 'transit',
      key: 'caregraph',
      auth: {
        method: 'kubernetes',
        role: 'caregraph',
        tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
        mount: undefined,
      },
      caFile: undefined,
      timeoutMs: 3000,
    });
  });

  it('is frozen', () => {
    const config = read({ ...vault, VAULT_AUTH: 'token', VAULT_TOKEN_FILE: 'token' });
    expect(Object.isFrozen(config)).toBe(true);
    expect(config.kind === 'vault-transit' && Object.isFrozen(config.auth)).toBe(true);
    expect(Object.isFrozen(read(kms))).toBe(true);
  });

  it.each<[string, Record<string, string>]>([
    ['KEY_SERVICE', {}],
    ['KEK_FILE', { KEY_SERVICE: 'key-file' }],
    ['VAULT_ADDR', { KEY_SERVICE: 'vault-transit', VAULT_AUTH: 'token' }],
    ['VAULT_AUTH', vault],
    ['VAULT_TOKEN_FILE', { ...vault, VAULT_AUTH: 'token' }],
    ['VAULT_ROLE_ID', { ...vault, VAULT_AUTH: 'approle', VAULT_SECRET_ID_FILE: 'canary' }],
    ['VAULT_SECRET_ID_FILE', { ...vault, VAULT_AUTH: 'approle', VAULT_ROLE_ID: 'canary' }],
    ['VAULT_KUBERNETES_ROLE', { ...vault, VAULT_AUTH: 'kubernetes' }],
    ['AWS_KMS_KEY_ID', { ...kms, AWS_KMS_KEY_ID: undefined as never }],
    ['AWS_REGION', { ...kms, AWS_REGION: undefined as never }],
  ])('without %s says so, and nothing of the others', (name, variables) => {
    expect(() => read(variables)).toThrow(new RegExp(`^${name} is missing: `));
    expect(() => read(variables)).not.toThrow(/canary|example/);
  });

  it.each<[string, string]>([
    ['KEY_SERVICE', 'hsm'],
    ['VAULT_ADDR', 'http://vault.example.org'],
    ['VAULT_ADDR', 'https://user:canary@vault.example.org'],
    ['VAULT_ADDR', 'https://vault.example.org/v1'],
    ['VAULT_TRANSIT_MOUNT', '../sys'],
    ['VAULT_TRANSIT_MOUNT', '/transit'],
    ['VAULT_TRANSIT_KEY', 'care/graph'],
    ['VAULT_TRANSIT_KEY', 'a?list=true'],
    ['VAULT_NAMESPACE', 'a b'],
    ['AWS_KMS_ENDPOINT', 'http://kms.example.org'],
    ['KEY_SERVICE_TIMEOUT_MS', '0'],
    ['KEY_SERVICE_TIMEOUT_MS', 'soon'],
  ])('%s is not %s', (name, value) => {
    const parsed = environment.safeParse({ [name]: value });
    expect(parsed.error?.issues.map(({ path }) => path)).toEqual([[name]]);
    expect(JSON.stringify(parsed.error?.issues)).not.toContain('canary');
  });
});

describe('opening the key service', () => {
  const deps = { clock: systemClock };

  it('the key file is made for the embedded profile alone', async () => {
    const directory = await newDirectory();
    const config = read({ KEY_SERVICE: 'key-file', KEK_FILE: join(directory, 'kek.json') });
    await expect(openKeyService(config, deps)).rejects.toMatchObject({ code: 'KEY_FILE_INVALID' });
    const service = await openKeyService(config, { ...deps, makeKeyFile: true });
    expect([service.kind, await service.currentVersion()]).toEqual(['key-file', 1]);
  });

  it('the passphrase is the text of its file without the last line break', async () => {
    const directory = await newDirectory();
    const file = join(directory, 'passphrase');
    const config = read({
      KEY_SERVICE: 'key-file',
      KEK_FILE: join(directory, 'kek.json'),
      KEK_PASSPHRASE_FILE: file,
    });
    const missing = openKeyService(config, { ...deps, makeKeyFile: true });
    await expect(missing).rejects.toMatchObject({ code: 'KEY_SERVICE_MISCONFIGURED' });
    await writeFile(file, 'too short\n', { mode: 0o600 });
    const short = openKeyService(config, { ...deps, makeKeyFile: true });
    await expect(short).rejects.toMatchObject({ code: 'KEY_SERVICE_MISCONFIGURED' });
    await writeFile(file, 'correct horse battery staple\n');
    await openKeyService(config, { ...deps, makeKeyFile: true });
    await writeFile(file, 'correct horse battery staple');
    expect(await (await openKeyService(config, deps)).currentVersion()).toBe(1);
  });

  it('Vault by AppRole', async () => {
    const stub = await startVaultStub();
    ending.push(stub.stop);
    const directory = await newDirectory();
    await writeFile(join(directory, 'secret-id'), stub.secretId);
    const config = read({
      KEY_SERVICE: 'vault-transit',
      VAULT_ADDR: stub.address,
      VAULT_AUTH: 'approle',
      VAULT_ROLE_ID: stub.roleId,
      VAULT_SECRET_ID_FILE: join(directory, 'secret-id'),
    });
    const service = await openKeyService(config, deps);
    expect([service.kind, await service.currentVersion()]).toEqual(['vault-transit', 1]);
    await service.close();
    const ca = { ...config, caFile: join(directory, 'none.pem') } as typeof config;
    await expect(openKeyService(ca, deps)).rejects.toMatchObject({
      code: 'KEY_SERVICE_MISCONFIGURED',
    });
  });

  it('AWS KMS', async () => {
    const stub = await startKmsStub();
    ending.push(stub.stop);
    process.env['AWS_ACCESS_KEY_ID'] = stub.credentials.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = stub.credentials.secretAccessKey;
    ending.push(async () => {
      delete process.env['AWS_ACCESS_KEY_ID'];
      delete process.env['AWS_SECRET_ACCESS_KEY'];
    });
    const service = await openKeyService(read({ ...kms, AWS_KMS_ENDPOINT: stub.endpoint }), deps);
    expect([service.kind, await service.currentVersion()]).toEqual(['aws-kms', 1]);
    await service.close();
  });
});
