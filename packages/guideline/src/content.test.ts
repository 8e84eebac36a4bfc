import { describe, expect, it } from 'vitest';
import { titlesOf, translate } from './clinical-content.ts';
import type { ContentFile, Titled } from './clinical-content.ts';
import { dangerSigns, findDangerSign } from './danger-sign.ts';
import { diseases, findDisease, searchDiseases } from './disease.ts';
import { allDoses, immunizationSchedules, vaccines } from './immunization-schedule.ts';
import { medicines } from './medicine.ts';
import { ancSchedules, postnatalSchedules } from './pregnancy.ts';
import { units, vitalLimits } from './vital-limits.ts';

const files: Record<string, ContentFile<Titled>> = {
  diseases, medicines, vaccines, immunizationSchedules, ancSchedules, postnatalSchedules,
  dangerSigns, vitalLimits, units,
}; // prettier-ignore
const unique = (codes: readonly string[]): void => expect([...new Set(codes)]).toEqual(codes);
const unitCodes = new Set(units.entries.map(({ code }) => code));
const ATC = /^[A-Z]\d{2}[A-Z]{2}(\d{2})?$/;
const ICD10 = /^[A-Z]\d{2}(\.\d)?$/;

/** Every text that stands in a title or a translation, wherever it is nested. */
const textsIn = (value: unknown): readonly unknown[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'title' ? [inner]
    : key === 'translations' ? Object.values(Object(inner))
    : textsIn(inner)); // prettier-ignore
};

describe.each(Object.entries(files))('%s', (_name, file) => {
  it('says what it is', () => {
    expect(file.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(file.source.length).toBeGreaterThan(10);
    expect(file.licenceNote.length).toBeGreaterThan(10);
    expect(file.entries.length).toBeGreaterThan(1);
  });

  it('has no empty or doubtful text', () => {
    const texts = textsIn(file);
    expect(texts.length).toBeGreaterThan(1);
    for (const text of texts) {
      expect(text).toBeTypeOf('string');
      expect(text).toBe(String(text).trim().normalize('NFC'));
      expect(text).not.toBe('');
    }
  });

  it('writes each language in its script', () => {
    for (const { translations } of file.entries) {
      if (translations === undefined) continue;
      expect(Object.keys(translations).every((key) => ['hi', 'fr', 'ar'].includes(key))).toBe(true);
      if (translations.hi !== undefined) expect(translations.hi).toMatch(/[\u0900-\u097f]/);
      if (translations.ar !== undefined) expect(translations.ar).toMatch(/[\u0600-\u06ff]/);
      if (translations.fr !== undefined)
        expect(translations.fr).toMatch(/^[\p{Script=Latin}\P{L}]+$/u);
    }
  });
});

describe('diseases', () => {
  it('have ICD-10 codes of their chapter, once each, in order', () => {
    const codes = diseases.entries.map(({ code }) => code);
    unique(codes);
    expect(codes).toEqual([...codes].sort());
    expect(codes.length).toBeGreaterThanOrEqual(400);
    expect(diseases.entries.filter((entry) => entry.translations?.ar).length).toBeGreaterThan(60);
    for (const { code, chapter } of diseases.entries) {
      expect(code).toMatch(ICD10);
      const of = diseases.chapters.find((one) => one.code === chapter);
      expect(of !== undefined && code.slice(0, 3) >= of.from && code.slice(0, 3) <= of.to).toBe(
        true,
      );
    }
  });

  it('are found by code and by words of a language', () => {
    expect(findDisease(' o141 ')?.code).toBe('O14.1');
    expect(findDisease('A33')?.title).toBe('Tetanus neonatorum');
    expect(findDisease('ZZZ')).toBeUndefined();
    expect(searchDiseases('O14')[0]?.code).toBe('O14.0');
    expect(searchDiseases('pneumonia unspec').map(({ code }) => code)).toContain('J18.9');
    expect(searchDiseases('दमा', 'hi')[0]?.code).toBe('J45.9');
    expect(searchDiseases('paludisme', 'fr-CM')[0]?.code).toBe('B54');
    expect(searchDiseases('pre-eclampsie', 'fr').map(({ code }) => code)).toContain('O14.9');
    expect(searchDiseases('  ')).toEqual([]);
    expect(searchDiseases('x'.repeat(1_000_000))).toEqual([]);
    expect(searchDiseases('(.*)+$')).toEqual([]);
  });

  it('are translated, and fall back to English', () => {
    const asthma = findDisease('J45.9') ?? { title: '' };
    expect(translate(asthma, 'fr-FR')).toBe('Asthme');
    expect(translate(asthma, 'sw')).toBe('Asthma, unspecified');
    expect(titlesOf(asthma)).toHaveLength(4);
  });
});

describe('medicines', () => {
  const atcs = medicines.entries.map(({ atc }) => atc);
  const allergyGroups = new Set(medicines.allergyGroups.map(({ code }) => code));
  const keys = new Set([
    ...atcs,
    ...medicines.entries.flatMap((one) => one.interactionGroups ?? []),
  ]);

  it('have ATC codes and presentations, once each', () => {
    unique(atcs);
    unique(medicines.entries.flatMap((one) => one.presentations.map(({ code }) => code)));
    expect(atcs.length).toBeGreaterThanOrEqual(300);
    for (const { atc, presentations } of medicines.entries) {
      expect(atc).toMatch(ATC);
      expect(presentations.length).toBeGreaterThan(0);
      for (const { code, amount, routes } of presentations) {
        expect(code.startsWith(`${atc}-`)).toBe(true);
        expect(amount.value).toBeGreaterThan(0);
        expect(routes.length).toBeGreaterThan(0);
      }
    }
  });

  it('have limits that make sense, in known units', () => {
    for (const one of medicines.entries) {
      const { adult, paediatric, bands } = one;
      for (const limit of [adult?.maxPerDay, adult?.maxPerDose]) {
        if (limit !== undefined) expect(unitCodes).toContain(limit.unit);
      }
      if (paediatric !== undefined) {
        expect(paediatric.maxPerKg).toBeGreaterThanOrEqual(paediatric.minPerKg);
        expect(unitCodes).toContain(paediatric.unit);
      }
      for (const band of bands ?? []) {
        expect(band.belowKg ?? Infinity).toBeGreaterThan(band.minKg ?? 0);
        expect(band.maxAgeDays ?? Infinity).toBeGreaterThan(band.minAgeDays ?? 0);
        expect(unitCodes).toContain(band.dose.unit);
      }
    }
  });

  it('name only groups that exist, and every rule meets some medicine', () => {
    for (const one of medicines.entries) {
      for (const group of one.allergyGroups ?? []) expect(allergyGroups).toContain(group);
    }
    const asked = medicines.interactions.flatMap(({ between }) => between);
    for (const side of asked) expect(keys).toContain(side);
    for (const { between } of medicines.interactions) expect(between).toHaveLength(2);
    for (const group of keys) expect(atcs.includes(group) || asked.includes(group)).toBe(true);
    for (const { allergy, medicines: other } of medicines.crossAllergies) {
      expect(allergyGroups).toContain(allergy);
      expect(allergyGroups).toContain(other);
    }
    unique(medicines.interactions.map(({ rule }) => rule));
  });
});

describe('vaccines and schedules', () => {
  const codes = vaccines.entries.map(({ code }) => code);

  it('have CVX and ATC codes, once each', () => {
    unique(codes);
    unique(vaccines.entries.flatMap(({ cvx }) => cvx ?? []));
    for (const { cvx, atc, kind, targets } of vaccines.entries) {
      if (kind === 'VACCINE') expect(cvx).toMatch(/^\d{2,3}$/);
      expect(atc).toMatch(ATC);
      for (const target of targets) expect(target).toMatch(/^[A-Z]\d{2}$/);
    }
  });

  it.each(immunizationSchedules.entries)('$code names only what exists, in order', (schedule) => {
    const doses = allDoses(schedule);
    const rules = doses.map(({ rule }) => rule);
    unique([...rules, ...schedule.maternal.map(({ rule }) => rule)]);
    for (const dose of doses) {
      expect(codes).toContain(dose.vaccine);
      expect(dose.rule.startsWith(schedule.code)).toBe(true);
      expect(dose.dueAgeDays).toBeGreaterThanOrEqual(dose.earliestAgeDays);
      expect(dose.latestAgeDays).toBeGreaterThanOrEqual(dose.dueAgeDays);
      expect(dose.after === undefined).toBe(dose.minIntervalDays === undefined);
      for (const rule of dose.after ?? []) {
        const before = doses.find((one) => one.rule === rule);
        expect(before).toBeDefined();
        const gap = dose.dueAgeDays - (before?.dueAgeDays ?? 0);
        if (!schedule.catchUp.some((one) => one.doses.some(({ rule: id }) => id === rule))) {
          expect(gap).toBeGreaterThanOrEqual(dose.minIntervalDays ?? 0);
        }
      }
    }
    for (const rule of schedule.catchUp) {
      expect(doses.map(({ series }) => series)).toContain(rule.insteadOfSeries);
    }
  });

  it('have a default', () => {
    const known = immunizationSchedules.entries.map(({ code }) => code);
    expect(known).toContain(immunizationSchedules.defaultSchedule);
  });
});

describe('visits, danger signs, vitals, units', () => {
  it('plan visits in order, without overlap', () => {
    const plans = [
      ...ancSchedules.entries.map((one) => one.contacts),
      ...postnatalSchedules.entries.map((one) => one.visits),
    ];
    for (const visits of plans) {
      unique(visits.map(({ rule }) => rule));
      visits.forEach((visit, index) => {
        expect(visit.number).toBe(index + 1);
        expect(visit.dueDays).toBeGreaterThanOrEqual(visit.fromDays);
        expect(visit.untilDays).toBeGreaterThanOrEqual(visit.dueDays);
        expect(visits[index + 1]?.fromDays ?? Infinity).toBeGreaterThan(visit.untilDays);
      });
    }
  });

  it('translate every danger sign and vital into every language', () => {
    unique(dangerSigns.entries.map(({ code }) => code));
    for (const entry of [...dangerSigns.entries, ...vitalLimits.entries]) {
      expect(Object.keys(entry.translations ?? {}).sort()).toEqual(['ar', 'fr', 'hi']);
    }
  });

  it('limit vitals consistently', () => {
    unique(vitalLimits.entries.map(({ field }) => field));
    unique(vitalLimits.entries.map(({ loinc }) => loinc));
    for (const { possible, plausible, alerts, unit, loinc } of vitalLimits.entries) {
      expect(unitCodes).toContain(unit);
      expect(loinc).toMatch(/^\d{3,5}-\d$/);
      const ages = plausible.flatMap(({ maxAgeDays }) => maxAgeDays ?? []);
      expect(ages).toEqual([...ages].sort((left, right) => left - right));
      for (const row of plausible) {
        expect(row.min).toBeGreaterThanOrEqual(possible.min);
        expect(row.max).toBeLessThanOrEqual(possible.max);
      }
      for (const alert of alerts) {
        expect(
          [alert.atLeast, alert.above, alert.below].filter((one) => one !== undefined),
        ).toHaveLength(1);
        if (alert.dangerSign !== undefined) expect(findDangerSign(alert.dangerSign)).toBeDefined();
        expect(alert.dangerSign !== undefined).toBe(alert.severity === 'DANGER');
      }
    }
  });

  it('have LOINC check digits that are right', () => {
    for (const { loinc } of vitalLimits.entries) {
      const [digits = '', check] = loinc.split('-');
      const sum = [...digits].reverse().reduce((total, digit, index) => {
        const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
        return total + (value > 9 ? value - 9 : value);
      }, 0);
      expect(String((10 - (sum % 10)) % 10)).toBe(check);
    }
  });

  it('list each unit once', () => unique(units.entries.map(({ code }) => code)));
});
