import { permits, type AccessRequirement, type AccessRules, type Actor } from '@caregraph/access';
import { Fault } from '@caregraph/fault';

/** What stands in front of one place of the schema. */
export interface AccessGate {
  isOpenTo(actor: Actor): boolean;
  /** @throws Fault FORBIDDEN naming the coordinate, and the scopes and policies it asks for */
  enforce(actor: Actor): void;
}

export interface Gates {
  /**
   * The gate of one place.
   *
   * @param place the coordinate that a refusal names
   * @param coordinates whose requirements must all be met; those without one ask for nothing
   */
  gate(place: string, coordinates: readonly string[]): AccessGate;
}

/**
 * Creates the gates of a subgraph. An answer of fifty rows passes the same gate fifty times: each
 * decision is made once an actor, which is once a request.
 *
 * @example createGates(rules).gate('Query.me', ['Query.me', 'Staff']).enforce(ctx.actor);
 */
export function createGates(rules: AccessRules): Gates {
  const byRequirements = new Map<string, (actor: Actor) => boolean>();

  function decision(requirements: readonly AccessRequirement[]): (actor: Actor) => boolean {
    const key = JSON.stringify(requirements);
    const known = byRequirements.get(key) ?? remembering((actor) => permits(requirements, actor));
    byRequirements.set(key, known);
    return known;
  }

  return {
    gate(place, coordinates) {
      const requirements = coordinates.flatMap((one) => rules.get(one) ?? []);
      const isOpenTo = decision(requirements);
      const details = { coordinate: place, ...namesOf(requirements) };
      return {
        isOpenTo,
        enforce(actor) {
          if (!isOpenTo(actor)) throw new Fault('FORBIDDEN', details);
        },
      };
    },
  };
}

function remembering(decide: (actor: Actor) => boolean): (actor: Actor) => boolean {
  const decided = new WeakMap<Actor, boolean>();
  return (actor) => {
    const known = decided.get(actor);
    if (known !== undefined) return known;
    const answer = decide(actor);
    decided.set(actor, answer);
    return answer;
  };
}

/** `patient:read, clinical:read | audit:read`: all of one side of the bar. */
function namesOf(requirements: readonly AccessRequirement[]): Record<string, string> {
  const text = (alternatives: readonly (readonly string[])[]) =>
    alternatives.map((names) => names.join(', ')).join(' | ');
  const of = (kind: 'scopes' | 'policies') =>
    [...new Set(requirements.map((one) => text(one[kind])).filter((part) => part !== ''))].join(
      '; ',
    );
  const [scopes, policies] = [of('scopes'), of('policies')];
  return { ...(scopes === '' ? {} : { scopes }), ...(policies === '' ? {} : { policies }) };
}
