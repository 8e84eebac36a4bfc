import type { LimitsConfig } from '../limits-config.ts';
import type { LimitBreach } from '../limit-error.ts';
import type { Shape } from './document-shape.ts';

/**
 * Threat: each unknown or repeated directive makes validation report an error of its own, so a few
 * kilobytes of `@a@a@a` become a long answer and a long pause.
 */
export function limitDirectives(
  { directives, directivesInOnePlace }: Shape,
  { maxDirectives, maxDirectivesInOnePlace }: LimitsConfig,
): LimitBreach | undefined {
  if (directivesInOnePlace > maxDirectivesInOnePlace) {
    return { limit: 'directives', max: maxDirectivesInOnePlace, found: directivesInOnePlace };
  }
  if (directives <= maxDirectives) return undefined;
  return { limit: 'directives', max: maxDirectives, found: directives };
}
