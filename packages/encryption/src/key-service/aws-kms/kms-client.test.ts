import { makeCertificate } from '@caregraph/testbed/network';
import { expect, it, vi } from 'vitest';
import { code, request, wrapOne } from '../test-driver.ts';
import { createAwsKmsService } from './aws-kms-service.ts';
import { createKmsBed } from './test-kms-bed.ts';

const { start, fileWith } = createKmsBed();

it.each(['http://kms.example.org', 'kms'])('%s is no endpoint for keys', (endpoint) => {
  const options = { keyId: 'k', region: 'eu-west-1', endpoint, timeoutMs: 1 };
  expect(() => createAwsKmsService(options)).toThrow(TypeError);
});

it.each(['AWS_ENDPOINT_URL_KMS', 'AWS_ENDPOINT_URL', 'AWS_CONFIG_FILE'])(
  'keys do not go where %s sends them in plain',
  async (variable) => {
    const { stub, service } = await start({ endpoint: undefined });
    // It leads to the stub, and is no name of this machine.
    const plain = stub.endpoint.replace('127.0.0.1', '0.0.0.0');
    const isFile = variable === 'AWS_CONFIG_FILE';
    vi.stubEnv(variable, isFile ? await fileWith(`[default]\nendpoint_url = ${plain}\n`) : plain);
    await expect(service.wrapMany([request])).rejects.toEqual(
      code('KEY_SERVICE_MISCONFIGURED', /must be https/),
    );
    expect(stub.asked).toEqual([]);
  },
);

it('a certificate that nobody vouches for is refused, whatever the environment says', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  const { stub, service } = await start({}, { tls: await makeCertificate('kms') });
  await expect(service.wrapMany([request])).rejects.toEqual(
    code('KEY_SERVICE_MISCONFIGURED', /certificate.*not trusted/),
  );
  expect(stub.asked).toEqual([]);
});

it('the environment may name an endpoint that is fit for keys', async () => {
  const { stub, service } = await start({ endpoint: undefined });
  vi.stubEnv('AWS_ENDPOINT_URL_KMS', stub.endpoint);
  expect((await wrapOne(service)).kekVersion).toBe(1);
});
