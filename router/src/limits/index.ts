export { readCostModel, type CostModel } from './cost/cost-model.ts';
export { costOf, type Costed, type CostOptions } from './cost/cost-of.ts';
export { createLimits, type Limits, type ResolvedRequest } from './limits.ts';
export type { SlotPlace } from './rate/guarded-slots.ts';
export { defaultLimits, type LimitsConfig } from './limits-config.ts';
