import dangerSignsFile from '../data/danger-signs.json' with { type: 'json' };
import type { ContentFile, Titled } from './clinical-content.ts';

export type DangerSignGroup = 'PREGNANCY' | 'POSTPARTUM' | 'NEWBORN' | 'CHILD' | 'GENERAL';

/** A sign that a health worker must not leave at home. */
export interface DangerSign extends Titled {
  readonly code: string;
  readonly group: DangerSignGroup;
  readonly severity: 'EMERGENCY' | 'URGENT';
  readonly action: 'REFER_IMMEDIATELY' | 'REFER_SAME_DAY';
}

// Checked entry by entry in content.test.ts; the inferred type has string where this has codes.
export const dangerSigns = dangerSignsFile as ContentFile<DangerSign>;

const byCode = new Map(dangerSigns.entries.map((sign) => [sign.code, sign]));

/**
 * A danger sign by code.
 *
 * @example findDangerSign('PREG_VAGINAL_BLEEDING')?.action // 'REFER_IMMEDIATELY'
 */
export const findDangerSign = (code: string): DangerSign | undefined => byCode.get(code);

/**
 * The danger signs to ask for at a visit.
 *
 * @param groups the groups the patient belongs to
 * @source see the data file: WHO IMCI, WHO PCPNC
 * @example dangerSignsFor(['PREGNANCY', 'GENERAL'])
 */
export const dangerSignsFor = (groups: readonly DangerSignGroup[]): readonly DangerSign[] =>
  dangerSigns.entries.filter((sign) => groups.includes(sign.group));
