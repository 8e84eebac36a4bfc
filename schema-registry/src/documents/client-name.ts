import type { Role } from '@caregraph/access';

/**
 * Threat: the client of a token names a file. Defence: names that could leave the folder, or stand
 * for anything but a client, name no manifest.
 */
const clientName = /^(?:[a-z][a-z0-9-]{0,62}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const uuid = /^[0-9a-f]{8}-/;

export function isClientName(name: string): boolean {
  return clientName.test(name);
}

/**
 * The roles that a client's tokens can carry: a partner's client id is the partner's own id, and
 * the field app serves those who see patients.
 */
export function rolesOfClient(client: string): readonly Role[] {
  if (uuid.test(client)) return ['partner'];
  return client === 'field-app' ? ['health_worker', 'clinician', 'pharmacist'] : [];
}
