import { findDangerSign, type DangerSign } from '@caregraph/guideline';
import type { CheckupRecord } from './checkup.store.ts';

/** A danger sign of a checkup: the content's entry, and how it came there. */
export interface ShownDangerSign extends DangerSign {
  readonly source: 'STATED' | 'DERIVED';
}

/** Each sign once; one that was both seen and measured shows as stated. */
export function dangerSignsOf(checkup: CheckupRecord): ShownDangerSign[] {
  const { statedDangerSigns, derivedDangerSigns } = checkup;
  const derivedOnly = derivedDangerSigns.filter((code) => !statedDangerSigns.includes(code));
  return [
    ...statedDangerSigns.map((code) => shown(code, 'STATED')),
    ...derivedOnly.map((code) => shown(code, 'DERIVED')),
  ];
}

function shown(code: string, source: ShownDangerSign['source']): ShownDangerSign {
  const sign = findDangerSign(code);
  // Content may drop a code in time; what was recorded stays to be seen, by its code.
  const gone = { group: 'GENERAL', severity: 'URGENT', action: 'REFER_SAME_DAY' } as const;
  return { ...(sign ?? { code, title: code, ...gone }), source };
}
