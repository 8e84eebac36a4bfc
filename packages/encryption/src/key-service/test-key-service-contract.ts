import { afterEach, describe } from 'vitest';
import type { StartedKeyService } from './test-contract-keys.ts';
import { describeLife, describeVersions } from './test-contract-versions.ts';
import { describeRefusals, describeWrapping } from './test-contract-wrapping.ts';

/** The contract of `KeyService`, for one driver. Every driver runs all of it. */
export function describeKeyService(name: string, start: () => Promise<StartedKeyService>): void {
  describe(`the key service contract holds for ${name}`, () => {
    const running: StartedKeyService[] = [];
    const begin = async () => {
      const started = await start();
      running.push(started);
      return started;
    };
    afterEach(async () => {
      for (const started of running.splice(0)) {
        await started.service.close();
        await started.stop();
      }
    });
    describeWrapping(begin);
    describeRefusals(begin);
    describeVersions(begin);
    describeLife(begin);
  });
}
