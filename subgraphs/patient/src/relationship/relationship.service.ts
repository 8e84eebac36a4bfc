import type { RelationshipKind } from './relationship.input.ts';

/** Who stands above whom in a relation: the one who came first, or the one who decides. */
interface Precedence {
  readonly line: 'DESCENT' | 'GUARDIANSHIP';
  readonly above: string;
  readonly below: string;
}

/**
 * The order that a relation makes, for the kinds that make one. A daughter may be the guardian of
 * her mother, so descent and guardianship are two orders.
 */
export function precedenceOf(relation: {
  readonly kind: RelationshipKind;
  readonly fromPatientId: string;
  readonly toPatientId: string;
}): Precedence | undefined {
  const { kind, fromPatientId: from, toPatientId: to } = relation;
  if (kind === 'MOTHER' || kind === 'FATHER') return { line: 'DESCENT', above: from, below: to };
  if (kind === 'CHILD') return { line: 'DESCENT', above: to, below: from };
  if (kind === 'GUARDIAN') return { line: 'GUARDIANSHIP', above: from, below: to };
  return undefined;
}
