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

/** Whom an operation is about, and the member of its input that says so. */
export interface Subject {
  readonly field: string;
  readonly id: string;
}

/** Members of inputs that name a person, in all operations alike. */
const personMembers = ['patientId', 'fromPatientId', 'toPatientId', 'mergedIntoId', 'headId'];

/**
 * Whom an input names: the owner of its keys first, then every other person.
 *
 * @param payload the input as it came
 * @param owner member that names whose keys the operation seals with
 */
export function subjectsNamed(payload: unknown, owner: string): readonly Subject[] {
  if (typeof payload !== 'object' || payload === null) return [];
  const members: Record<string, unknown> = { ...payload };
  return [...new Set([owner, ...personMembers])].flatMap((field) => {
    const id = members[field];
    return typeof id === 'string' && uuid.test(id) ? [{ field, id }] : [];
  });
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
