import { z } from 'zod';
import { askChecked, type AskInstitution } from './institution-question.ts';

const question = `query DeviceOfToken($id: UUID!) {
  device(id: $id) { id state institution { id } }
}`;

const answer = z.object({
  device: z.nullable(z.object({ state: z.string(), institution: z.object({ id: z.uuid() }) })),
});

/**
 * Tells whether a device is in use at an institution.
 *
 * @throws Fault SUBGRAPH_UNAVAILABLE
 */
export async function isEnrolledDevice(
  ask: AskInstitution,
  deviceId: string,
  institutionId: string,
): Promise<boolean> {
  const { device } = await askChecked(ask, question, { id: deviceId }, answer);
  return device?.state === 'ENROLLED' && device.institution.id === institutionId;
}
