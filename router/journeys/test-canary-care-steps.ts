import { addDays } from '@caregraph/guideline';
import type { Facts, Step, World } from './test-canary-world.ts';

const actor = 'hospital-clinician-1';
const step = (mutation: string, input: Step['input']): Step => ({ mutation, actor, input });
const coding = { system: 'http://snomed.info/sct', code: '91935009' };

/** What is found, ordered and handed out. */
export function careSteps(world: World, facts: Facts): Step[] {
  return [
    ...visitSteps(world),
    ...followUpSteps(world, facts),
    ...pregnancySteps(world, facts),
    ...allergySteps(world),
    ...prescriptionSteps(world, facts),
  ];
}

function visitSteps(world: World): Step[] {
  const { patient: patientId } = world;
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
  ];
}

function followUpSteps(world: World, { toInstitutionId, today }: Facts): Step[] {
  const { patient: patientId } = world;
  const task = { patientId, kind: 'FOLLOW_UP', dueOn: today };
  return [
    step('referPatient', { id: world.referral, patientId, toInstitutionId, urgency: 'ROUTINE' }),
    step('changeReferralState', { referralId: world.referral, state: 'ACCEPTED' }),
    step('createTask', { id: world.task, ...task }),
    step('createTask', { id: world.otherTask, ...task }),
    step('completeTask', { taskId: world.task }),
    step('cancelTask', { taskId: world.otherTask }),
  ];
}

function pregnancySteps({ patient: patientId, pregnancy: pregnancyId }: World, facts: Facts) {
  const lmp = addDays(facts.today, -100);
  return [
    step('registerPregnancy', { id: pregnancyId, patientId, lmp }),
    step('updatePregnancy', { pregnancyId, gravida: 2 }),
    step('recordPregnancyOutcome', { pregnancyId, outcome: 'MISCARRIAGE', outcomeOn: facts.today }),
  ];
}

function allergySteps({ patient: patientId, allergy, wrongAllergy }: World): Step[] {
  const substance = { originalCoding: coding };
  return [
    step('recordAllergy', { id: allergy, patientId, substance }),
    step('recordAllergy', { id: wrongAllergy, patientId, substance }),
    step('refuteAllergy', { allergyId: wrongAllergy, state: 'REFUTED' }),
  ];
}

function prescriptionSteps(world: World, { medicineCode, newId }: Facts): Step[] {
  const { patient: patientId } = world;
  const item = (id = newId()) => ({
    ...{ id, medicineCode, originalCoding: coding, doseQuantity: 1, doseUnit: 'tablet' },
    ...{ route: 'PO', frequencyPerDay: 1, durationDays: 3, quantity: 3 },
  });
  const subject = { ageDays: 12_000, pregnant: false };
  const { draft, changedDraft, issued, handedOut, item: itemId, batch: batchId } = world;
  return [
    step('draftPrescription', { id: draft, patientId, items: [item()] }),
    step('draftPrescription', { id: changedDraft, patientId, items: [item()] }),
    step('updateDraftPrescription', { prescriptionId: changedDraft, addItems: [item()] }),
    step('issuePrescription', { id: issued, patientId, items: [item()], subject }),
    step('issuePrescription', { id: handedOut, patientId, items: [item(itemId)], subject }),
    step('cancelPrescription', { prescriptionId: issued }),
    {
      ...{ mutation: 'dispensePrescription', actor: 'pharmacist-1' },
      input: { id: world.dispensing, prescriptionId: handedOut, itemId, batchId, quantity: 2 },
    },
  ];
}
