import { errors } from 'oidc-provider';
import { permissions } from '@caregraph/access';

const ofTheGraph: ReadonlySet<string> = new Set(permissions);
/** What clients write by custom and what narrows nothing here. */
const ofTheProtocol: ReadonlySet<string> = new Set(['openid', 'offline_access']);

/** The part of a scope that is about the graph: `openid` is not. */
export function graphScope(scope: string): string {
  return scope
    .split(' ')
    .filter((one) => ofTheGraph.has(one))
    .join(' ');
}

/**
 * Threat: a token without a scope carries all that the role permits, so a name that nobody knows,
 * dropped in silence, would turn a request for little into one for everything.
 *
 * @throws InvalidScope
 */
export function requireKnownScope(asked: string): void {
  const unknown = asked.split(' ').find((one) => !ofTheGraph.has(one) && !ofTheProtocol.has(one));
  if (unknown !== undefined) throw new errors.InvalidScope('the scope is not known', unknown);
}

/**
 * A refresh may ask for less than was granted, for one access token (RFC 6749 §6).
 *
 * Threat: less than `openid patient:read` would be `openid` by its text, and all that the role
 * permits by its meaning.
 *
 * @throws InvalidScope
 */
export function narrowedScope(granted: string, asked: unknown): string {
  if (typeof asked !== 'string' || asked === '') return granted;
  const all = new Set(granted.split(' '));
  const isPart = asked.split(' ').every((one) => all.has(one));
  if (isPart && (graphScope(granted) === '' || graphScope(asked) !== '')) return asked;
  throw new errors.InvalidScope('the scope is wider than what was granted', asked);
}
