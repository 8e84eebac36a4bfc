import { careSteps } from './test-canary-care-steps.ts';
import { settingSteps } from './test-canary-setting-steps.ts';
import type { Facts, Step, World } from './test-canary-world.ts';

/** Every mutation of the graph, in an order in which each is applied. */
export function stepsOf(world: World, facts: Facts): readonly Step[] {
  return [
    ...settingSteps(world, facts),
    ...patientSteps(world, facts),
    ...careSteps(world, facts),
    ...movingSteps(world, facts),
    ...endingSteps(world, facts),
  ];
}

const actor = 'hospital-clinician-1';
const step = (mutation: string, input: Step['input']): Step => ({ mutation, actor, input });

function patientSteps(world: World, { areaId }: Facts): Step[] {
  const { household, otherHousehold, movedHousehold, patient, second } = world;
  const born = { sex: 'FEMALE', birthDate: '1990-02-03', areaId };
  const identifier = { id: world.identifier, type: 'MRN', system: 'urn:hospital' };
  return [
    ...[household, otherHousehold, movedHousehold].map((id) =>
      step('registerHousehold', { id, areaId }),
    ),
    step('registerPatient', {
      ...{ id: patient, ...born, householdId: household, identifiers: [identifier] },
    }),
    ...[second, world.mover, world.duplicate, world.dead].map((id) =>
      step('registerPatient', { id, ...born }),
    ),
    step('registerPatient', { id: world.member, ...born, householdId: movedHousehold }),
    step('updatePatient', { patientId: second }),
    step('updateHousehold', { householdId: household, headId: patient }),
    ...[world.added, world.retired].map((id) =>
      step('addIdentifier', { id, patientId: patient, type: 'OTHER', system: 'urn:other' }),
    ),
    step('relatePatients', {
      ...{ id: world.relationship, fromPatientId: second, toPatientId: patient, kind: 'SIBLING' },
    }),
  ];
}

/** Who moves to another district has their names indexed anew; so have all of a household. */
function movingSteps(world: World, { farAreaId, farDistrictId, districtId }: Facts): Step[] {
  const areaRoots = [districtId, farDistrictId];
  const moving: Step[] = [
    step('movePatient', { patientId: world.mover, areaId: farAreaId }),
    step('updateHousehold', { householdId: world.movedHousehold, areaId: farAreaId }),
    step('updatePatient', { patientId: world.mover }),
  ];
  return [
    step('movePatient', { patientId: world.second, householdId: world.otherHousehold }),
    ...moving.map((one) => ({ ...one, areaRoots })),
  ];
}

function endingSteps(world: World, { today }: Facts): Step[] {
  const { patient: patientId } = world;
  return [
    step('retireIdentifier', { identifierId: world.retired }),
    step('endRelationship', { relationshipId: world.relationship, endedOn: today }),
    step('recordDeath', { patientId: world.dead, deceasedOn: today }),
    step('changePatientStatus', {
      ...{ patientId: world.duplicate, status: 'MERGED', mergedIntoId: patientId },
    }),
    step('breakGlass', { patientId, reason: 'EMERGENCY' }),
    {
      ...step('closeBreakGlass', {}),
      async complete({ deployment: { pools } }) {
        const sql = `SELECT id FROM break_glass_grant
          WHERE patient_id = $1 AND closed_at IS NULL ORDER BY id DESC LIMIT 1`;
        const { rows } = await pools.patient.query<{ id: string }>(sql, [patientId]);
        return { grantId: rows[0]?.id ?? patientId };
      },
    },
  ];
}
