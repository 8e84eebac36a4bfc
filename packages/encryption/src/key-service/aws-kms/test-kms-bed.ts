import { fixedClock } from '@caregraph/clock';
import { createTestBed, startPauses } from '../test-driver.ts';
import { createAwsKmsService, type AwsKmsOptions } from './aws-kms-service.ts';
import { startKmsStub, type KmsStub } from './test-kms-stub.ts';

/** Starts drivers with a stub each. To be called once in a file. */
export function createKmsBed() {
  const bed = createTestBed();
  return {
    ...bed,
    async start(
      options: Partial<AwsKmsOptions> = {},
      stubOptions: Parameters<typeof startKmsStub>[0] = {},
    ) {
      const stub = await startKmsStub(stubOptions);
      bed.endsStub(stub);
      const { pauses, wait } = startPauses();
      const clock = fixedClock(new Date());
      const { region, endpoint, credentials } = stub;
      const service = createAwsKmsService({
        ...{ keyId: 'alias/caregraph', region, endpoint, credentials },
        ...{ timeoutMs: 5_000, clock, wait },
        ...options,
      });
      bed.endsService(service);
      return { stub, service, pauses, clock };
    },
  };
}

export const times = (stub: KmsStub, operation: string) =>
  stub.asked.filter((name) => name === operation).length;
