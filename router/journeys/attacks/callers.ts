import type { TokenSubject } from '@caregraph/access';
import type { JourneyStack } from '../test-stack.ts';
import { subjectOf } from '../test-stack.ts';

/** Somebody who calls the graph, with good intentions or not. */
export interface Caller {
  readonly name: string;
  /** Undefined for somebody without a token. */
  readonly token: string | undefined;
  readonly documents: 'free' | 'registered' | 'none';
}

/** A token of one of the district's people, with what an attack needs to be different. */
export function tokenOf(
  stack: JourneyStack,
  actorKey: string,
  over: Partial<TokenSubject> = {},
  lifetimeS?: number,
): Promise<string> {
  return stack.deployment.tokens.issue({ ...subjectOf(stack.actor(actorKey)), ...over }, lifetimeS);
}

/** Who an attacker may be: nobody, a partner's system, a phone, a developer with a worker's role. */
export async function everyCaller(stack: JourneyStack): Promise<readonly Caller[]> {
  const registered = 'registered' as const;
  const [phone, free, partner] = await Promise.all([
    tokenOf(stack, 'health-worker-1', { documents: registered, clientId: 'field-app' }),
    tokenOf(stack, 'health-worker-1'),
    tokenOf(stack, 'partner', { documents: registered, clientId: stack.newId() }),
  ]);
  return [
    { name: 'nobody', token: undefined, documents: 'none' },
    { name: 'a token that is none', token: 'not.a.token', documents: 'none' },
    { name: 'a partner', token: partner, documents: registered },
    { name: 'the field app', token: phone, documents: registered },
    { name: 'a worker with free documents', token: free, documents: 'free' },
  ];
}
