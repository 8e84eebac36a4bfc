import { describe, expect, it } from 'vitest';
import { assessVitals } from './vitals-assessment.ts';
import type { VitalsContext } from './vitals-assessment.ts';
import type { Vitals } from './vital-limits.ts';

const woman: VitalsContext = { ageDays: 9000, sex: 'FEMALE' };
const pregnant: VitalsContext = { ...woman, pregnant: true };
const codes = (vitals: Vitals, context: VitalsContext): readonly string[] =>
  assessVitals(vitals, context).warnings.map(({ code }) => code);
const signs = (vitals: Vitals, context: VitalsContext): readonly string[] =>
  assessVitals(vitals, context).dangerSigns.map(({ code }) => code);

describe('vitals', () => {
  it('are quiet when they are normal', () => {
    const normal = {
      systolicMmHg: 110,
      diastolicMmHg: 70,
      pulsePerMinute: 80,
      temperatureCelsius: 36.8,
      spo2Percent: 98,
      respiratoryRatePerMinute: 16,
      weightKg: 55,
      heightCm: 155,
      haemoglobinGPerDl: 12.1,
      glucoseMgPerDl: 95,
      muacMm: 250,
    };
    expect(assessVitals(normal, pregnant)).toEqual({
      impossible: [],
      warnings: [],
      dangerSigns: [],
    });
    expect(assessVitals({}, woman)).toEqual({ impossible: [], warnings: [], dangerSigns: [] });
  });

  it.each<[Vitals, VitalsContext, string, string | undefined]>([
    [{ systolicMmHg: 139 }, pregnant, '', undefined],
    [{ systolicMmHg: 140 }, pregnant, 'HYPERTENSION_IN_PREGNANCY', undefined],
    [
      { systolicMmHg: 160 },
      pregnant,
      'SEVERE_HYPERTENSION_IN_PREGNANCY',
      'PREG_SEVERE_HYPERTENSION',
    ],
    [{ diastolicMmHg: 90 }, pregnant, 'HYPERTENSION_IN_PREGNANCY', undefined],
    [
      { diastolicMmHg: 110 },
      pregnant,
      'SEVERE_HYPERTENSION_IN_PREGNANCY',
      'PREG_SEVERE_HYPERTENSION',
    ],
    [{ systolicMmHg: 160 }, woman, 'HYPERTENSION', undefined],
    [{ haemoglobinGPerDl: 11 }, pregnant, '', undefined],
    [{ haemoglobinGPerDl: 10.9 }, pregnant, 'ANAEMIA_IN_PREGNANCY', undefined],
    [{ haemoglobinGPerDl: 6.9 }, pregnant, 'SEVERE_ANAEMIA_IN_PREGNANCY', 'PREG_SEVERE_ANAEMIA'],
    [{ haemoglobinGPerDl: 12.5 }, { ...woman, sex: 'MALE' }, 'ANAEMIA', undefined],
    [{ spo2Percent: 94 }, woman, '', undefined],
    [{ spo2Percent: 93 }, woman, 'HYPOXAEMIA', undefined],
    [{ spo2Percent: 89 }, { ageDays: 400 }, 'SEVERE_HYPOXAEMIA_IN_CHILD', 'CHILD_LOW_OXYGEN'],
    [{ muacMm: 114 }, { ageDays: 400 }, 'SEVERE_ACUTE_MALNUTRITION', 'CHILD_SEVERE_WASTING'],
    [{ muacMm: 124 }, { ageDays: 400 }, 'MODERATE_ACUTE_MALNUTRITION', undefined],
    [{ muacMm: 125 }, { ageDays: 400 }, '', undefined],
    [{ temperatureCelsius: 38 }, woman, 'FEVER', undefined],
    [{ temperatureCelsius: 38 }, pregnant, 'FEVER_IN_PREGNANCY', 'PREG_FEVER'],
    [{ temperatureCelsius: 37.5 }, { ageDays: 10 }, 'FEVER_IN_YOUNG_INFANT', 'NB_FEVER'],
    [
      { temperatureCelsius: 35.4 },
      { ageDays: 10 },
      'LOW_TEMPERATURE_IN_YOUNG_INFANT',
      'NB_LOW_TEMPERATURE',
    ],
    [
      { fetalHeartRatePerMinute: 109 },
      pregnant,
      'FETAL_BRADYCARDIA',
      'PREG_ABNORMAL_FETAL_HEART_RATE',
    ],
    [{ fetalHeartRatePerMinute: 160 }, pregnant, '', undefined],
    [
      { fetalHeartRatePerMinute: 161 },
      pregnant,
      'FETAL_TACHYCARDIA',
      'PREG_ABNORMAL_FETAL_HEART_RATE',
    ],
    [
      { respiratoryRatePerMinute: 50 },
      { ageDays: 200 },
      'FAST_BREATHING_IN_INFANT',
      'CHILD_FAST_BREATHING',
    ],
    [{ respiratoryRatePerMinute: 49 }, { ageDays: 200 }, '', undefined],
    [{ glucoseMgPerDl: 92 }, { ...pregnant, fasting: true }, 'GESTATIONAL_DIABETES', undefined],
    [{ glucoseMgPerDl: 92 }, pregnant, '', undefined],
    [{ weightKg: 2.4 }, { ageDays: 1 }, 'LOW_BIRTH_WEIGHT', undefined],
    [{ weightKg: 70 }, { ageDays: 200 }, 'VITAL_IMPLAUSIBLE', undefined],
    [
      { fundalHeightCm: 26 },
      { ...pregnant, gestationalAgeDays: 30 * 7 },
      'FUNDAL_HEIGHT_OFF_DATES',
      undefined,
    ],
    [{ fundalHeightCm: 27 }, { ...pregnant, gestationalAgeDays: 30 * 7 }, '', undefined],
  ])('%j of %j', (vitals, context, code, sign) => {
    expect(codes(vitals, context)).toEqual(code === '' ? [] : [code]);
    expect(signs(vitals, context)).toEqual(sign === undefined ? [] : [sign]);
  });

  it.each<Vitals>([
    { systolicMmHg: 900 },
    { temperatureCelsius: 370 },
    { spo2Percent: 101 },
    { haemoglobinGPerDl: 110 },
    { weightKg: -1 },
    { pulsePerMinute: Number.NaN },
    { glucoseMgPerDl: Infinity },
    { systolicMmHg: 80, diastolicMmHg: 120 },
    { systolicMmHg: 80, diastolicMmHg: 80 },
  ])('%j are impossible', (vitals) => {
    expect(assessVitals(vitals, woman).impossible).toHaveLength(1);
  });

  it('name a danger sign once', () => {
    expect(signs({ systolicMmHg: 170, diastolicMmHg: 115 }, pregnant)).toEqual([
      'PREG_SEVERE_HYPERTENSION',
    ]);
  });
});
