import type { KeyOwner } from '@caregraph/encryption';
import type { RequestContext } from '../context.ts';
import type { Operation } from './operation.ts';

/** Whose keys an operation will seal with, as far as its input tells before it runs. */
export function keyOwnersOf<TContext extends RequestContext, TTx>(
  ctx: TContext,
  operation: Operation<TContext, TTx>,
  payload: unknown,
): readonly KeyOwner[] {
  const { institutionId } = ctx.actor;
  return operation.keyOwners(payload).map((ownerId) => ({ ownerId, institutionId }));
}

/** Members of an input that name an owner of keys, unless an operation says otherwise. */
export function ownersNamed(payload: unknown, fields: readonly string[]): readonly string[] {
  if (typeof payload !== 'object' || payload === null) return [];
  const members: Record<string, unknown> = { ...payload };
  const ids = fields.map((field) => members[field]);
  return ids.filter((id) => typeof id === 'string' && uuid.test(id)).map(String);
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
