import { expect } from 'vitest';
import { describeKeyService } from '../test-key-service-contract.ts';
import { createAwsKmsService } from './aws-kms-service.ts';
import { startKmsStub } from './test-kms-stub.ts';

describeKeyService('AWS KMS', async () => {
  const stub = await startKmsStub();
  const { endpoint, region, credentials } = stub;
  const connect = () =>
    createAwsKmsService({
      keyId: 'alias/caregraph',
      region,
      endpoint,
      credentials,
      timeoutMs: 5_000,
      wait: () => Promise.resolve(),
    });
  return {
    service: connect(),
    another: () => Promise.resolve(connect()),
    calls: () => stub.asked.length,
    secrets: Object.values(credentials),
    stop: async () => {
      await stub.stop();
      expect(stub.violations).toEqual([]);
    },
  };
});
