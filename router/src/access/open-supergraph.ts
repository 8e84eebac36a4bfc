import { Lexer, Source, TokenKind } from 'graphql';
import { readRules, type AccessRules } from './access-rules.ts';
import { checkInterfaces } from './interface-check.ts';
import {
  accessDirectivesOf,
  parseSupergraph,
  withoutEnforcedMarks,
  type AccessDirective,
} from './security-features.ts';

/** A supergraph taken apart: what the router enforces, and what the gateway plans over. */
export interface OpenedSupergraph {
  readonly rules: AccessRules;
  readonly gatewaySdl: string;
}

const ownNames: readonly AccessDirective[] = ['authenticated', 'requiresScopes', 'policy'];

/**
 * Reads the access rules of a full supergraph, and makes the copy that the gateway loads.
 *
 * The gateway refuses a supergraph with security features, because it enforces none. The copy says
 * no longer that the three known ones are for security; whoever takes it takes the rules too. A
 * security feature that is not known here keeps its mark, so the gateway goes on refusing it.
 *
 * @param sdl the full supergraph, as composed
 * @throws Error when a usage of a directive did not become a rule, or one that can be got around
 * @see https://specs.apollo.dev/link/v1.0/#for
 * @example const { rules, gatewaySdl } = openSupergraph(sdl);
 */
export function openSupergraph(sdl: string): OpenedSupergraph {
  const document = parseSupergraph(sdl);
  const names = accessDirectivesOf(document);
  const { rules, directives } = readRules(document, names);
  checkCount(sdl, names, directives);
  checkInterfaces(document, rules);
  return { rules, gatewaySdl: withoutEnforcedMarks(document) };
}

/**
 * Threat: a directive at a place that the reader overlooks would be a rule that nobody enforces.
 * Defence: its usages are counted in the bare tokens too, and both counts must agree. A directive
 * that is used without its link would mean nothing to the gateway, so it is refused as well.
 */
function checkCount(
  sdl: string,
  names: ReadonlyMap<string, AccessDirective>,
  expected: number,
): void {
  const count = usages(sdl, new Set([...names.keys(), ...ownNames]));
  if (count === expected) return;
  throw new Error(`The supergraph uses ${count} access directives; ${expected} became rules.`);
}

function usages(sdl: string, names: ReadonlySet<string>): number {
  const lexer = new Lexer(new Source(sdl));
  let count = 0;
  let before: string | undefined;
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
    const isUsage = token.kind === TokenKind.AT && before !== 'directive';
    if (isUsage && names.has(lexer.lookahead().value)) count += 1;
    before = token.kind === TokenKind.NAME ? token.value : undefined;
  }
  return count;
}
