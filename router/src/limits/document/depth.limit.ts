import type { LimitsConfig } from '../limits-config.ts';
import type { LimitBreach } from '../limit-error.ts';
import type { Shape } from './document-shape.ts';

/** Threat: `patient { household { members { household { … ` multiplies rows at every level. */
export function limitDepth({ depth }: Shape, { maxDepth }: LimitsConfig): LimitBreach | undefined {
  return depth > maxDepth ? { limit: 'depth', max: maxDepth, found: depth } : undefined;
}
