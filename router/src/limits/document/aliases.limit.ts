import type { LimitsConfig } from '../limits-config.ts';
import type { LimitBreach } from '../limit-error.ts';
import type { Shape } from './document-shape.ts';

/** Threat: aliases ask one dear field a hundred times in one request: guesses of an identifier. */
export function limitAliases(
  { aliases }: Shape,
  { maxAliases }: LimitsConfig,
): LimitBreach | undefined {
  return aliases > maxAliases ? { limit: 'aliases', max: maxAliases, found: aliases } : undefined;
}
