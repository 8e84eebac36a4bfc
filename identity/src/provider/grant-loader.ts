import { errors, type Grant, type KoaContextWithOIDC } from 'oidc-provider';
import { permissions } from '@caregraph/access';
import type { StaffProjections } from '../staff/staff.projection.ts';
import type { GrantDevices } from './grant-device.ts';
import { throwUnavailable } from './token-claims.ts';

const ttlS = 3_600;

/**
 * Grants our own clients what they ask for, without a page: what a person may do is their role's.
 * Each sign-in has a grant of its own, so that ending one ends that one.
 *
 * A device that the app names must be in use at the person's institution. Threat: a stolen
 * password is used from a device that nobody enrolled, or in the name of somebody else's.
 */
export function createGrantLoader(deps: {
  devices: GrantDevices;
  staff: StaffProjections;
  isEnrolled: (deviceId: string, institutionId: string) => Promise<boolean>;
  resource: string;
}): (ctx: KoaContextWithOIDC) => Promise<Grant | undefined> {
  return async (ctx) => {
    const { account, client, params, provider } = ctx.oidc;
    // Without a fresh sign-in the person is not known yet, or is about to be asked.
    if (account === undefined || client === undefined) return undefined;
    const deviceId = params?.['device_id'];
    if (typeof deviceId === 'string') await requireEnrolled(deps, deviceId, account.accountId);
    const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
    grant.addOIDCScope('openid');
    grant.addResourceScope(deps.resource, permissions.join(' '));
    const grantId = await grant.save();
    if (typeof deviceId === 'string') await deps.devices.keep(grantId, deviceId, ttlS);
    return grant;
  };
}

async function requireEnrolled(
  { staff, isEnrolled }: Parameters<typeof createGrantLoader>[0],
  deviceId: string,
  staffId: string,
): Promise<void> {
  const verdict = await staff.factsOf(staffId).catch(throwUnavailable);
  if (verdict.kind === 'gone') throw new errors.AccessDenied('the person has left');
  const { institutionId } = verdict.facts;
  const enrolled = await isEnrolled(deviceId, institutionId).catch(throwUnavailable);
  if (!enrolled) throw new errors.AccessDenied('the device is not in use here');
}
