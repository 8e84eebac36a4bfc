import type { JourneyStack } from './test-stack.ts';

/** One mutation with what it needs besides the texts that canaries stand in for. */
export interface Step {
  readonly mutation: string;
  readonly actor: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** The ids of one family and of everything that is recorded of it. */
export type World = Readonly<Record<(typeof members)[number], string>>;

const members = [
  ...[
    'household',
    'otherHousehold',
    'patient',
    'second',
    'identifier',
    'added',
    'checkup',
    'wrongCheckup',
  ],
  ...['amendment', 'dose', 'wrongDose', 'replacement', 'referral', 'task', 'allergy'],
  ...['draft', 'changedDraft', 'issued', 'staff', 'otherStaff'],
] as const satisfies readonly string[];

export function newWorld(stack: JourneyStack): World {
  // Every member has just been given its id.
  return Object.fromEntries(members.map((member) => [member, stack.newId()])) as World;
}

/** What the district has already. */
export interface Facts {
  readonly areaId: string;
  readonly districtId: string;
  readonly institutionId: string;
  readonly toInstitutionId: string;
  readonly medicineCode: string;
  readonly today: string;
  readonly newId: () => string;
}

export async function factsOf(stack: JourneyStack): Promise<Facts> {
  const { territory, today } = stack.district;
  const { rows } = await stack.deployment.pools.prescription.query<{ code: string }>(
    'SELECT code FROM medicine ORDER BY code LIMIT 1',
  );
  const [village, medicine] = [territory.villages[0], rows[0]];
  if (village === undefined || medicine === undefined) throw new Error('the district is empty');
  return {
    areaId: village.id,
    districtId: territory.district.id,
    institutionId: territory.hospital.id,
    toInstitutionId: territory.laboratory.id,
    medicineCode: medicine.code,
    today,
    newId: stack.newId,
  };
}

const writer = 'hospital-clinician-1';
const coding = { system: 'http://snomed.info/sct', code: '91935009' };

/** Everything that takes a text of a patient, in an order in which it is applied. */
export function stepsOf(world: World, facts: Facts): readonly Step[] {
  return [
    ...patientSteps(world, facts),
    ...clinicalSteps(world, facts),
    ...otherSteps(world, facts),
  ];
}

function patientSteps(world: World, { areaId, newId }: Facts): Step[] {
  const { household, patient, second } = world;
  const step = (mutation: string, input: Step['input']) => ({ mutation, actor: writer, input });
  const born = { sex: 'FEMALE', birthDate: '1990-02-03', areaId };
  const identifier = { id: newId(), type: 'MRN', system: 'urn:hospital' };
  return [
    step('registerHousehold', { id: household, areaId }),
    step('registerHousehold', { id: world.otherHousehold, areaId }),
    step('registerPatient', {
      ...{ id: patient, ...born, householdId: household, identifiers: [identifier] },
    }),
    step('registerPatient', { id: second, ...born }),
    step('updatePatient', { patientId: second }),
    step('updateHousehold', { householdId: household }),
    step('addIdentifier', {
      ...{ id: world.added, patientId: patient, type: 'OTHER', system: 'urn:other' },
    }),
  ];
}

function clinicalSteps(world: World, { toInstitutionId, today }: Facts): Step[] {
  const { patient: patientId } = world;
  const step = (mutation: string, input: Step['input']) => ({ mutation, actor: writer, input });
  const diagnoses = [{ coding, certainty: 'CONFIRMED' }];
  const visit = { patientId, visitType: 'GENERAL', diagnoses };
  const vaccine = { system: 'http://hl7.org/fhir/sid/cvx', code: '140' };
  return [
    step('recordCheckup', { id: world.checkup, ...visit }),
    step('recordCheckup', { id: world.wrongCheckup, ...visit }),
    step('amendCheckup', {
      ...{ id: world.amendment, amendsId: world.wrongCheckup, reason: 'ENTRY_ERROR' },
      ...{ withdraws: false, diagnoses },
    }),
    step('recordImmunization', { id: world.dose, patientId, coding: vaccine }),
    step('recordImmunization', { id: world.wrongDose, patientId, coding: vaccine }),
    step('amendImmunization', {
      immunizationId: world.wrongDose,
      replacement: { id: world.replacement, coding: vaccine },
    }),
    step('referPatient', { id: world.referral, patientId, toInstitutionId, urgency: 'ROUTINE' }),
    step('createTask', { id: world.task, patientId, kind: 'FOLLOW_UP', dueOn: today }),
  ];
}

function otherSteps(world: World, facts: Facts): Step[] {
  const { patient: patientId } = world;
  const { medicineCode, newId, institutionId, districtId } = facts;
  const step = (mutation: string, input: Step['input']) => ({ mutation, actor: writer, input });
  const hiring = (mutation: string, input: Step['input']) => {
    return { mutation, actor: 'institution-admin', input };
  };
  const item = () => ({
    ...{ id: newId(), medicineCode, originalCoding: coding, doseQuantity: 1, doseUnit: 'tablet' },
    ...{ route: 'PO', frequencyPerDay: 1, durationDays: 3, quantity: 3 },
  });
  const post = { name: 'Somebody', role: 'CLINICIAN', institutionId, areaIds: [districtId] };
  return [
    step('recordAllergy', {
      ...{ id: world.allergy, patientId, substance: { originalCoding: coding } },
    }),
    step('draftPrescription', { id: world.draft, patientId, items: [item()] }),
    step('draftPrescription', { id: world.changedDraft, patientId, items: [item()] }),
    step('updateDraftPrescription', { prescriptionId: world.changedDraft, addItems: [item()] }),
    step('issuePrescription', {
      ...{ id: world.issued, patientId, items: [item()] },
      subject: { ageDays: 12_000, pregnant: false },
    }),
    step('cancelPrescription', { prescriptionId: world.issued }),
    step('breakGlass', { patientId, reason: 'EMERGENCY' }),
    hiring('registerStaff', { id: world.staff, ...post }),
    hiring('registerStaff', { id: world.otherStaff, ...post }),
    hiring('updateStaff', { id: world.otherStaff }),
  ];
}
