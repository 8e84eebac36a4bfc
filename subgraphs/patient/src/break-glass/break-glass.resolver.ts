import { pageRequest, type Receipt } from '@caregraph/subgraph';
import type { BreakGlassGrantResolvers, QueryResolvers } from '../../generated/resolvers.ts';
import type { PatientContext } from '../context.ts';
import { isInForce, toGrant } from './break-glass.service.ts';

const Query: QueryResolvers = {
  breakGlassGrants: (_parent, { first, after, ...filter }, { stores }) =>
    stores.breakGlass.page(
      filter,
      pageRequest('Query.breakGlassGrants', { first, after: after ?? null }, filter, ['uuid']),
    ),
};

const BreakGlassGrant: BreakGlassGrantResolvers = {
  actor: ({ actorId }) => ({ id: actorId }),
  institution: ({ institutionId }) => ({ id: institutionId }),
  reason: (grant) => toGrant(grant).reason,
};

async function grantOf({ entityId }: Receipt, { stores, clock }: PatientContext) {
  if (entityId === undefined) return null;
  const row = await stores.breakGlass.findOwn(entityId);
  return row !== null && isInForce(row, clock.now()) ? row : null;
}

const BreakGlassReceipt = {
  grantId: ({ entityId }: Receipt) => entityId ?? null,
  async grant(receipt: Receipt, _args: object, ctx: PatientContext) {
    const row = await grantOf(receipt, ctx);
    return row && ctx.grants.issuer.sign(toGrant(row));
  },
  async expiresAt(receipt: Receipt, _args: object, ctx: PatientContext) {
    return (await grantOf(receipt, ctx))?.expiresAt ?? null;
  },
};

const CloseBreakGlassReceipt = { grantId: BreakGlassReceipt.grantId };

export const breakGlassResolvers = {
  Query,
  BreakGlassGrant,
  BreakGlassReceipt,
  CloseBreakGlassReceipt,
};
