import type { LimitsConfig } from '../limits-config.ts';
import type { LimitBreach } from '../limit-error.ts';
import type { Shape } from './document-shape.ts';

/**
 * Threat: every root field may be a fetch of its own, and root fields of a mutation run one after
 * the other: a batch of requests in the clothes of one.
 */
export function limitRootFields(
  { topFields }: Shape,
  { maxRootFields }: LimitsConfig,
): LimitBreach | undefined {
  if (topFields <= maxRootFields) return undefined;
  return { limit: 'root-fields', max: maxRootFields, found: topFields };
}
