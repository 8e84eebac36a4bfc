import { addDays } from '@caregraph/guideline';
import type { SubgraphName } from '@caregraph/schema-registry';
import type { JourneyStack } from '../test-stack.ts';

/**
 * Adds what a small district has no example of, and names it for the fields that cannot be asked
 * without an argument.
 *
 * @returns arguments as they are written, by coordinate
 * @throws Error when something was not applied
 */
export async function completeDistrict(stack: JourneyStack): Promise<Record<string, string>> {
  const { institutionId, staffId } = stack.actor('hospital-clinician-1');
  const { territory } = stack.district;
  const patientId = await somePatient(stack);
  const byId = (id: string) => `(id: "${id}")`;
  const some = async (subgraph: SubgraphName, typeName: string) =>
    byId((await keysOf(stack, subgraph, typeName))['id'] ?? '');
  const { code: disease = '' } = await keysOf(stack, 'clinical', 'Disease');
  const add = writer(stack, 'hospital-clinician-1');

  const checkup = await add('recordCheckup', {
    patientId,
    visitType: 'GENERAL',
    dangerSigns: ['PREG_VAGINAL_BLEEDING'],
    diagnoses: [{ diseaseCode: disease, certainty: 'CONFIRMED' }],
  });
  const allergy = await add('recordAllergy', {
    patientId,
    substance: { originalCoding: { system: 'http://snomed.info/sct', code: '91935009' } },
  });
  const immunization = await add('recordImmunization', {
    patientId,
    coding: { system: 'http://hl7.org/fhir/sid/cvx', code: '140' },
  });
  const lmp = addDays(stack.district.today, -100);
  const pregnancy = await add('registerPregnancy', { patientId, lmp });
  const referral = await add('referPatient', {
    patientId,
    toInstitutionId: territory.laboratory.id,
    urgency: 'ROUTINE',
    reason: 'a second look',
  });
  const dueOn = stack.district.today;
  const task = await add('createTask', { patientId, kind: 'FOLLOW_UP', dueOn });
  const { code = '' } = await keysOf(stack, 'prescription', 'Medicine');
  const admin = writer(stack, 'platform-admin');
  const entry = await admin('setFormularyEntry', { institutionId, medicineCode: code });
  await openUnderGrant(stack, patientId);
  await stack.settle();
  return {
    'Query.staff': `(institutionId: "${institutionId}", first: 1)`,
    'Query.staffMember': byId(staffId),
    'Query.area': byId(territory.district.id),
    'Query.device': await some('institution', 'Device'),
    'Query.pregnancy': byId(pregnancy),
    'Query.prescription': await some('prescription', 'Prescription'),
    'Query.stockBatch': byId(await ownBatch(stack, institutionId)),
    'Query.dispensing': await some('prescription', 'Dispensing'),
    'Query.disease': `(code: "${disease}")`,
    'Query.patient': byId(patientId),
    'Query.searchPatients': `(areaId: "${territory.district.id}", bornBetween: { from: "1880-01-01" })`,
    'Query.checkup': byId(checkup),
    'Query.allergy': byId(allergy),
    'Query.immunization': byId(immunization),
    'Query.referral': byId(referral),
    'Query.task': byId(task),
    'Query.formularyEntry': byId(entry),
    'Query.auditEvents': '(breakGlass: true, first: 1)',
  };
}

async function somePatient(stack: JourneyStack): Promise<string> {
  const data = await stack.read(
    'hospital-clinician-1',
    '{ patients(first: 1) { edges { node { id } } } }',
  );
  const { edges } = data['patients'] as { edges: { node: { id: string } }[] };
  const [first] = edges;
  if (first === undefined) throw new Error('the hospital has no patient');
  return first.node.id;
}

/** A batch of the hospital's own stock. */
async function ownBatch(stack: JourneyStack, institutionId: string): Promise<string> {
  const { rows } = await stack.deployment.pools.prescription.query<{ id: string }>(
    'SELECT id::text FROM stock_batch WHERE institution_id = $1 ORDER BY id LIMIT 1',
    [institutionId],
  );
  const [first] = rows;
  if (first === undefined) throw new Error('the hospital has no stock');
  return first.id;
}

/** Runs one mutation as somebody. @returns the id that it made */
function writer(stack: JourneyStack, actorKey: string) {
  return async (mutation: string, input: Record<string, unknown>): Promise<string> => {
    const id = stack.newId();
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
    const data = await stack.read(
      actorKey,
      `mutation ($operation: OperationInput!, $input: ${type}!) {
        receipt: ${mutation}(operation: $operation, input: $input) {
          verdict problems { code field }
        }
      }`,
      { operation: stack.operation(), input: { id, ...input } },
    );
    const { verdict, problems } = data['receipt'] as { verdict: string; problems: unknown };
    if (verdict !== 'APPLIED') throw new Error(`${mutation}: ${JSON.stringify(problems)}`);
    return id;
  };
}

/** A clinician opens a record with a reason and reads it, so that the trail has an example. */
async function openUnderGrant(stack: JourneyStack, patientId: string): Promise<void> {
  const justification = 'brought in without papers';
  const input = { patientId, reason: 'EMERGENCY', justification };
  const opened = await stack.read(
    'hospital-clinician-1',
    `mutation ($operation: OperationInput!, $input: BreakGlassInput!) {
      breakGlass(operation: $operation, input: $input) { verdict grant }
    }`,
    { operation: stack.operation(), input },
  );
  const { grant } = opened['breakGlass'] as { grant: string };
  const query = 'query ($id: UUID!) { patient(id: $id) { name } }';
  const headers = { 'x-break-glass': grant };
  const read = await stack.ask('hospital-clinician-1', query, { id: patientId }, { headers });
  if (read.errors.length > 0) throw new Error(JSON.stringify(read.errors));
}

/** Where a record lives whose type another subgraph adds fields to. */
const homes: Readonly<Record<string, SubgraphName>> = {
  Patient: 'patient',
  Staff: 'institution',
  Institution: 'institution',
  Checkup: 'clinical',
};
const codes: ReadonlySet<string> = new Set(['Disease', 'Medicine']);

/**
 * The key of a record of a type that is there, in the hospital's own part of the district where
 * there is such a part.
 *
 * @throws when the district has no record of the type: a test of it would prove nothing
 */
export async function keysOf(
  stack: JourneyStack,
  subgraph: SubgraphName,
  typeName: string,
): Promise<Record<string, string>> {
  const { institutionId, staffId } = stack.actor('hospital-clinician-1');
  if (typeName === 'Institution') return { id: institutionId };
  if (typeName === 'Staff') return { id: staffId };
  if (typeName === 'StockBatch') return { id: await ownBatch(stack, institutionId) };
  const table = typeName.replace(/(?<=[a-z])[A-Z]/g, '_$&').toLowerCase();
  const column = codes.has(typeName) ? 'code' : 'id';
  const { rows } = await stack.deployment.pools[homes[typeName] ?? subgraph].query<{ key: string }>(
    `SELECT ${column}::text AS key FROM ${table} ORDER BY ${column} LIMIT 1`,
  );
  const [first] = rows;
  if (first === undefined) throw new Error(`the district has no ${typeName}`);
  return { [column]: first.key };
}
