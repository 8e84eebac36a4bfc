/** An illness with what is usually given for it. */
export interface Illness {
  /** ICD-10. */
  readonly diseaseCode: string;
  readonly certainty: 'SUSPECTED' | 'CONFIRMED';
  readonly feverish?: boolean;
  readonly hypertensive?: boolean;
  readonly diabetic?: boolean;
  readonly notes: string;
  readonly remedies: readonly Remedy[];
}

/** One medicine. A dose by weight is rounded to half a unit. */
export interface Remedy {
  readonly medicineCode: string;
  readonly doseUnit: '{tablet}' | '{capsule}' | 'mL';
  /** Units at a time, or units at a time for each kilogram. */
  readonly dose: number | { readonly perKg: number };
  readonly frequencyPerDay: number;
  readonly durationDays: number;
  /** Bottles or sachets; counted pieces follow from dose, frequency and duration. */
  readonly packs?: number;
  readonly instructions: string;
}

const paracetamol = tablets('N02BE01-TAB-500MG', 1, 3, 3, 'When there is fever or pain');
const syrup = {
  medicineCode: 'N02BE01-SYR-120MG_5ML',
  doseUnit: 'mL',
  // 12 mg for each kilogram.
  dose: { perKg: 0.5 },
  frequencyPerDay: 3,
  durationDays: 3,
  packs: 1,
  instructions: 'When there is fever',
} as const satisfies Remedy;

/** Conditions that are followed for years. */
export const chronicIllnesses: readonly Illness[] = [
  {
    ...{ diseaseCode: 'I10', certainty: 'CONFIRMED', hypertensive: true },
    notes: 'Blood pressure check',
    remedies: [tablets('C08CA01-TAB-5MG', 1, 1, 30, 'In the morning')],
  },
  {
    ...{ diseaseCode: 'E11.9', certainty: 'CONFIRMED', diabetic: true },
    notes: 'Diabetes review',
    remedies: [tablets('A10BA02-TAB-500MG', 1, 2, 30, 'With meals')],
  },
];

/** What brings adults to a clinic. */
export const adultIllnesses: readonly Illness[] = [
  illness('J06.9', 'Cough and runny nose for three days', [paracetamol], true),
  illness('J15.9', 'Cough with fever, crackles on one side', [
    { ...tablets('J01CA04-CAP-500MG', 1, 3, 5, 'Finish the course'), doseUnit: '{capsule}' },
    paracetamol,
  ], true),
  illness('M54.5', 'Back pain after field work', [
    tablets('M01AE01-TAB-400MG', 1, 3, 5, 'After food'),
  ]),
  illness('K29.7', 'Burning pain in the upper belly', [
    { ...tablets('A02BC01-CAP-20MG', 1, 1, 14, 'Before breakfast'), doseUnit: '{capsule}' },
  ]),
  illness('D50.9', 'Tired, pale', [
    tablets('B03AD03-TAB-60MG_0_4MG', 1, 2, 30, 'Not together with tea'),
  ]),
  illness('N39.0', 'Burning when passing urine', [
    tablets('J01EE01-TAB-800MG_160MG', 1, 2, 3, 'Drink plenty of water'),
  ]),
  illness('J30.4', 'Sneezing and itching eyes', [
    tablets('R06AX13-TAB-10MG', 1, 1, 10, 'In the evening'),
  ]),
  illness('B82.0', 'Worms seen', [tablets('P02CA03-TAB-400MG', 1, 1, 1, 'Once')]),
]; // prettier-ignore

/** What brings children of six months to ten years to a clinic. */
export const childIllnesses: readonly Illness[] = [
  illness('A09.9', 'Loose stools for two days, drinks well', [
    tablets('A12CB01-DT-20MG', 1, 1, 14, 'Dissolved in clean water'),
    {
      ...{ medicineCode: 'A07CA-SACH-20_5G_L', doseUnit: 'mL', dose: 150, frequencyPerDay: 4 },
      ...{ durationDays: 3, packs: 3, instructions: 'After every loose stool' },
    },
  ]),
  illness('J06.9', 'Cough and fever', [syrup], true),
  illness('J18.9', 'Cough, fever, breathes fast', [
    {
      ...{ medicineCode: 'J01CA04-DT-250MG', doseUnit: '{tablet}', dose: { perKg: 0.12 } },
      ...{ frequencyPerDay: 2, durationDays: 5, instructions: 'Dissolved in clean water' },
    },
    syrup,
  ], true),
  illness('H66.9', 'Ear pain', [syrup], true),
]; // prettier-ignore

/** What is given for a pregnancy that goes well. */
export const antenatalRemedies: readonly Remedy[] = [
  tablets('B03AD03-TAB-60MG_0_4MG', 1, 1, 30, 'Not together with tea'),
  tablets('A12AA04-TAB-500MG', 1, 2, 30, 'With meals, apart from iron'),
];

/** Codes of everything above: what the pharmacies stock. */
export const stockedMedicines: readonly string[] = [
  ...new Set(
    [
      ...[...chronicIllnesses, ...adultIllnesses, ...childIllnesses].flatMap((one) => one.remedies),
      ...antenatalRemedies,
    ].map(({ medicineCode }) => medicineCode),
  ),
];

function illness(
  diseaseCode: string,
  notes: string,
  remedies: readonly Remedy[],
  feverish = false,
): Illness {
  return { diseaseCode, certainty: 'SUSPECTED', feverish, notes, remedies };
}

function tablets(
  medicineCode: string,
  dose: number,
  frequencyPerDay: number,
  durationDays: number,
  instructions: string,
): Remedy {
  return { medicineCode, doseUnit: '{tablet}', dose, frequencyPerDay, durationDays, instructions };
}
