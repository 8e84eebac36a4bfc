import { z } from 'zod';
import type { ProviderRecords } from './provider-record.ts';

/** Remembers which device a sign-in was for, until its first token says so. */
export interface GrantDevices {
  keep(grantId: string, deviceId: string, ttlS: number): Promise<void>;
  of(grantId: string): Promise<string | undefined>;
}

const shape = z.looseObject({ deviceId: z.uuid() });

export function createGrantDevices(records: ProviderRecords): GrantDevices {
  const adapter = records.adapter('GrantDevice');
  return {
    async keep(grantId, deviceId, ttlS) {
      await adapter.upsert(grantId, { deviceId }, ttlS);
    },
    async of(grantId) {
      const found = await adapter.find(grantId);
      return found ? shape.parse(found).deviceId : undefined;
    },
  };
}
