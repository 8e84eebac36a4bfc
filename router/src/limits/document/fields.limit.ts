import type { LimitsConfig } from '../limits-config.ts';
import type { LimitBreach } from '../limit-error.ts';
import type { Shape } from './document-shape.ts';

/**
 * Threat: validation compares fields in pairs and the planner writes every fragment out, so a short
 * text of bushy fragments, or one field repeated, costs more than running it would.
 */
export function limitFields(
  { fields }: Shape,
  { maxFields }: LimitsConfig,
): LimitBreach | undefined {
  return fields > maxFields ? { limit: 'fields', max: maxFields, found: fields } : undefined;
}
