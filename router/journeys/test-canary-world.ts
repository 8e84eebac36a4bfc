import type { JourneyStack } from './test-stack.ts';
import { subjectOf } from './test-stack.ts';

type Input = Readonly<Record<string, unknown>>;

/** One mutation with what it needs besides the texts that canaries stand in for. */
export interface Step {
  readonly mutation: string;
  readonly actor: string;
  readonly input: Input;
  /** Where the actor works for once, instead of where they usually do. */
  readonly areaRoots?: readonly string[];
  /** Adds what only the server knows, when its turn has come. */
  readonly complete?: (stack: JourneyStack) => Promise<Input>;
}

/** The ids of one family and of everything that is recorded of it. */
export type World = Readonly<Record<(typeof members)[number], string>>;

const members = [
  ...['household', 'otherHousehold', 'movedHousehold'],
  ...['patient', 'second', 'member', 'mover', 'duplicate', 'dead'],
  ...['identifier', 'added', 'retired', 'relationship'],
  ...['checkup', 'wrongCheckup', 'amendment', 'dose', 'wrongDose', 'replacement'],
  ...['referral', 'task', 'otherTask', 'pregnancy', 'allergy', 'wrongAllergy'],
  ...['draft', 'changedDraft', 'issued', 'handedOut', 'item', 'dispensing', 'batch', 'entry'],
  ...['staff', 'otherStaff', 'dismissed', 'area', 'institution', 'device', 'partner'],
] as const satisfies readonly string[];

export function newWorld(stack: JourneyStack): World {
  // Every member has just been given its id.
  return Object.fromEntries(members.map((member) => [member, stack.newId()])) as World;
}

/** What the district has already. */
export interface Facts {
  readonly areaId: string;
  readonly blockId: string;
  readonly districtId: string;
  /** A village of another district, where names are indexed under another key. */
  readonly farAreaId: string;
  readonly farDistrictId: string;
  readonly institutionId: string;
  readonly toInstitutionId: string;
  readonly medicineCode: string;
  readonly diseaseCode: string;
  readonly today: string;
  readonly newId: () => string;
}

export async function factsOf(stack: JourneyStack): Promise<Facts> {
  const { territory, today } = stack.district;
  const { prescription, clinical } = stack.deployment.pools;
  const code = (table: string) => `SELECT code FROM ${table} ORDER BY code LIMIT 1`;
  const { rows: medicines } = await prescription.query<{ code: string }>(code('medicine'));
  const { rows: diseases } = await clinical.query<{ code: string }>(code('disease'));
  const [village, medicine, disease] = [territory.villages[0], medicines[0], diseases[0]];
  if (!village || !medicine || !disease) throw new Error('the district is empty');
  return {
    areaId: village.id,
    blockId: village.block.id,
    districtId: territory.district.id,
    ...(await farDistrict(stack)),
    institutionId: territory.hospital.id,
    toInstitutionId: territory.laboratory.id,
    medicineCode: medicine.code,
    diseaseCode: disease.code,
    today,
    newId: stack.newId,
  };
}

/** Draws another district on the map, with one village. */
async function farDistrict(stack: JourneyStack) {
  const [farDistrictId, farAreaId] = [stack.newId(), stack.newId()];
  const { parentId } = stack.district.territory.district;
  const areas = [
    { id: farDistrictId, kind: 'DISTRICT', name: 'Far district', parentId },
    { id: farAreaId, kind: 'VILLAGE', name: 'Far village', parentId: farDistrictId },
  ];
  for (const area of areas) {
    await stack.read(
      'platform-admin',
      `mutation ($operation: OperationInput!, $input: RegisterAreaInput!) {
        registerArea(operation: $operation, input: $input) { verdict }
      }`,
      { operation: stack.operation(), input: { ...area, timeZone: 'Asia/Kolkata' } },
    );
  }
  await stack.settle();
  return { farDistrictId, farAreaId };
}

/** The token with which a step is sent. */
export function tokenOf(stack: JourneyStack, { actor, areaRoots }: Step): Promise<string> {
  if (areaRoots === undefined) return stack.token(actor);
  return stack.deployment.tokens.issue({ ...subjectOf(stack.actor(actor)), areaRoots });
}
