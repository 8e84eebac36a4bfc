import { readFileSync, globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  buildASTSchema,
  coerceInputValue,
  isInputType,
  parse,
  typeFromAST,
  parseType,
} from 'graphql';
import { beforeAll, expect, test } from 'vitest';
import {
  addDays,
  assessVitals,
  daysBetween,
  gestationalAge,
  immunizationPlan,
  type GivenDose,
} from '@caregraph/guideline';
import { isUuidV7 } from '@caregraph/clock';
import { isValidCardNumber, normalizePhone } from '@caregraph/name-matching';
import {
  demoActors,
  generateDistrict,
  type DistrictOperation,
  type SubgraphName,
} from './index.ts';

const today = '2026-03-15';
const root = fileURLToPath(new URL('../../../', import.meta.url));
const district = generateDistrict({ seed: 'test', today });
let operations: DistrictOperation[];
beforeAll(() => {
  operations = [...district.operations()];
});

type Input = Record<string, unknown>;

/** The inputs of one mutation, in order. */
function inputsOf(member: string): Input[] {
  return operations.flatMap(({ entry }) =>
    entry[member] === undefined ? [] : [entry[member] as Input],
  );
}

function memberOf({ entry }: DistrictOperation): [string, Input] {
  const members = Object.entries(entry).filter(([name]) => name !== 'operation');
  expect(members).toHaveLength(1);
  return members[0] as [string, Input];
}

test('the same options give byte-identical operations, another seed gives others', () => {
  const options = { seed: 7, today, households: 40 };
  const text = (seed: number) =>
    JSON.stringify([...generateDistrict({ ...options, seed }).operations()]);
  const first = text(7);
  const one = generateDistrict(options);
  expect(JSON.stringify([...one.operations()])).toBe(first);
  expect(JSON.stringify([...one.operations()]), 'a second pass').toBe(first);
  expect(text(8)).not.toBe(first);
});

test('a district of another size has the same first households', () => {
  const registered = (households: number) =>
    [...generateDistrict({ seed: 7, today, households }).operations()]
      .flatMap(({ entry }) => entry['registerPatient'] ?? [])
      .slice(0, 30);
  expect(registered(20)).toEqual(registered(60));
});

test('every entry is one of the batch input of its subgraph', () => {
  const schemas = new Map<SubgraphName, ReturnType<typeof buildASTSchema>>();
  const schemaOf = (subgraph: SubgraphName) => {
    const files = [
      ...globSync(`${root}packages/subgraph/src/contract/*.graphql`),
      ...globSync(`${root}subgraphs/${subgraph}/src/**/*.graphql`),
    ];
    const sdl = parse(files.map((file) => readFileSync(file, 'utf8')).join('\n'));
    return buildASTSchema(
      { ...sdl, definitions: sdl.definitions.filter(({ kind }) => kind !== 'SchemaExtension') },
      { assumeValidSDL: true },
    );
  };
  const problems = new Set<string>();
  for (const { subgraph, entry } of operations) {
    const schema = schemas.get(subgraph) ?? schemaOf(subgraph);
    schemas.set(subgraph, schema);
    const name = `${subgraph[0]?.toUpperCase()}${subgraph.slice(1)}Operation!`;
    const type = typeFromAST(schema, parseType(name) as never);
    if (!isInputType(type)) throw new Error(`${name} is not an input`);
    coerceInputValue(entry, type, (path, _value, error) => {
      problems.add(`${subgraph} ${path.join('.')} ${error.message}`);
    });
  }
  expect([...problems]).toEqual([]);
});

test('it has the size of a district and everything that a demo shows', () => {
  const people = inputsOf('registerPatient');
  expect(inputsOf('registerHousehold')).toHaveLength(500);
  expect(people.length).toBeGreaterThan(2_100);
  expect(people.length).toBeLessThan(2_500);
  expect(inputsOf('registerArea')).toHaveLength(3 + 4 + 24);
  const kinds = new Set(inputsOf('registerInstitution').map(({ kind }) => kind));
  expect(kinds.size).toBe(6);
  const members = new Set(operations.map((one) => memberOf(one)[0]));
  for (const member of [
    ...['referPatient', 'changeReferralState', 'createTask', 'recordAllergy', 'cancelPrescription'],
    ...['dispensePrescription', 'discardStock', 'recordDeath', 'addIdentifier', 'registerPartner'],
    ...['recordPregnancyOutcome', 'setFormularyEntry', 'enrolDevice'],
  ]) {
    expect(members, member).toContain(member);
  }
  expect(people.some(({ name }) => /\p{Script=Devanagari}/u.test(String(name)))).toBe(true);
  expect(people.some(({ name }) => /\p{Script=Arabic}/u.test(String(name)))).toBe(true);
});

test('ids are UUIDv7 and are not given twice', () => {
  const given = operations.flatMap((one) => {
    const [member, input] = memberOf(one);
    const nested = [...list(input['identifiers']), ...list(input['items'])].map(({ id }) => id);
    const creates = typeof input['id'] === 'string' && member !== 'verifyInstitution';
    const batch = member === 'receiveStock' ? [input['batchId']] : [];
    return [one.entry.operation.id, ...(creates ? [input['id']] : []), ...batch, ...nested].map(
      String,
    );
  });
  expect(given.every(isUuidV7)).toBe(true);
  expect(new Set(given).size).toBe(given.length);
});

function list(value: unknown): Input[] {
  return Array.isArray(value) ? value : [];
}

test('card numbers have right check characters and phones ring nowhere', () => {
  const people = inputsOf('registerPatient');
  const cards = people
    .flatMap(({ identifiers }) => list(identifiers))
    .map(({ value }) => String(value));
  expect(cards.length).toBeGreaterThan(1_500);
  expect(cards.every(isValidCardNumber)).toBe(true);
  expect(new Set(cards).size).toBe(cards.length);
  const phones = people.flatMap(({ phone }) => (phone === undefined ? [] : [String(phone)]));
  expect(
    phones.every((phone) => phone.startsWith('+9155') && normalizePhone(phone, 'IN') === phone),
  ).toBe(true);
});

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;

test('nothing refers to what comes later, and in a phase only to what the actor did', () => {
  const known = new Map<string, { step: number; lane: string; at: string }>();
  const { territory, staff } = district;
  const phaseOrder: string[] = [];
  for (const one of operations) {
    const { phase, subgraph, actor, entry } = one;
    if (phaseOrder.at(-1) !== phase) phaseOrder.push(phase);
    const step = phaseOrder.length;
    const at = entry.operation.recordedAt;
    const lane = `${subgraph} ${actor}`;
    const [member, input] = memberOf(one);
    const created = [
      ...(member.startsWith('verify') ? [] : [input['id'], input['batchId']]),
      ...[...list(input['identifiers']), ...list(input['items'])].map(({ id }) => id),
    ].filter((id) => typeof id === 'string' && !known.has(id)) as string[];
    for (const id of created) known.set(id, { step, lane, at });
    for (const id of JSON.stringify(input).match(uuid) ?? []) {
      const made = known.get(id);
      expect(made, `${member} refers to something that is not there yet`).toBeDefined();
      if (made === undefined || created.includes(id)) continue;
      expect(made.at <= at, `${member} is recorded before what it refers to`).toBe(true);
      if (made.step === step) expect(made.lane, member).toBe(lane);
    }
  }
  const round = ['registration', 'care', 'treatment', 'dispensing'];
  expect(phaseOrder).toEqual(['setting', 'supply', ...round, ...round]);
  expect(territory.villages).toHaveLength(24);
  expect(staff.healthWorkers).toHaveLength(24);
});

test('everything was recorded before today, and devices count from one', () => {
  const sequences = new Map<string, number>();
  for (const { entry } of operations) {
    const { deviceId, deviceSequence, recordedAt } = entry.operation;
    expect(recordedAt < today).toBe(true);
    expect(deviceSequence).toBe((sequences.get(deviceId) ?? 0) + 1);
    sequences.set(deviceId, deviceSequence);
  }
});

test('people are registered by the health worker of their village', () => {
  const rootsOf = new Map(demoActors(district).map(({ key, areaRoots }) => [key, areaRoots]));
  for (const { actor, entry } of operations) {
    const patient = entry['registerPatient'] as Input | undefined;
    if (patient) expect(rootsOf.get(actor)).toEqual([patient['areaId']]);
  }
});

test('mothers are at least fourteen years older than their children', () => {
  const births = new Map(
    inputsOf('registerPatient').map((one) => [one['id'], String(one['birthDate'])]),
  );
  const gaps = inputsOf('relatePatients')
    .filter(({ kind }) => kind === 'MOTHER')
    .map(({ fromPatientId: from, toPatientId: to }) =>
      daysBetween(births.get(from) ?? '', births.get(to) ?? ''),
    );
  expect(gaps.length).toBeGreaterThan(800);
  expect(Math.min(...gaps)).toBeGreaterThan(14 * 365.25);
});

function ongoingPregnancies(of = inputsOf('registerPregnancy')): Input[] {
  const ended = new Set(inputsOf('recordPregnancyOutcome').map(({ pregnancyId }) => pregnancyId));
  return of.filter(({ id }) => !ended.has(id));
}

test('there are pregnancies in every trimester, seen at antenatal visits, some with danger signs', () => {
  const ongoing = ongoingPregnancies();
  const trimesters = ongoing.map(({ lmp }) => gestationalAge(String(lmp), today).trimester);
  for (const trimester of [1, 2, 3] as const) {
    expect(trimesters.filter((one) => one === trimester).length).toBeGreaterThan(10);
  }
  const women = ongoing.map(({ patientId }) => patientId);
  expect(new Set(women).size).toBe(women.length);
  const visits = inputsOf('recordCheckup').filter(({ visitType }) => visitType === 'ANC');
  expect(visits.length).toBeGreaterThan(100);
  expect(visits.some(({ dangerSigns }) => list(dangerSigns).length > 0)).toBe(true);
});

test('a district of five households has a pregnancy in each trimester', () => {
  const small = [...generateDistrict({ seed: 1, today, households: 5 }).operations()];
  const lmps = small.flatMap(({ entry }) => entry['registerPregnancy'] ?? []) as Input[];
  const trimesters = lmps.map(({ lmp }) => gestationalAge(String(lmp), today));
  const ongoing = trimesters.filter(({ weeks }) => weeks < 40).map(({ trimester }) => trimester);
  expect(new Set(ongoing)).toEqual(new Set([1, 2, 3]));
});

test('vitals are those of living people, and most are of healthy ones', () => {
  const verdicts = inputsOf('recordCheckup').map((checkup) => {
    const { glucoseMmolL, pulsePerMin, respiratoryRatePerMin, ...vitals } = checkup[
      'vitals'
    ] as Record<string, number>;
    const { haemoglobinGdl, fetalHeartRatePerMin, ...rest } = vitals;
    return assessVitals(
      {
        ...rest,
        pulsePerMinute: pulsePerMin,
        respiratoryRatePerMinute: respiratoryRatePerMin,
        haemoglobinGPerDl: haemoglobinGdl,
        fetalHeartRatePerMinute: fetalHeartRatePerMin,
        ...(glucoseMmolL === undefined ? {} : { glucoseMgPerDl: glucoseMmolL * 18.016 }),
      },
      { ageDays: Number(checkup['ageDays']), pregnant: checkup['visitType'] === 'ANC' },
    );
  });
  expect(verdicts.flatMap(({ impossible }) => impossible)).toEqual([]);
  const implausible = verdicts.filter(({ warnings }) =>
    warnings.some(({ code }) => code === 'VITAL_IMPLAUSIBLE'),
  );
  expect(implausible.length).toBeLessThan(verdicts.length / 50);
  const dangerous = verdicts.filter(({ dangerSigns }) => dangerSigns.length > 0).length;
  expect(dangerous).toBeGreaterThan(3);
  expect(dangerous).toBeLessThan(verdicts.length / 10);
});

test('some children are behind on vaccines by the guideline, others are not', () => {
  const given = Map.groupBy(inputsOf('recordImmunization'), ({ patientId }) => patientId);
  const small = inputsOf('registerPatient').filter(
    ({ birthDate }) => daysBetween(String(birthDate), today) < 2 * 365,
  );
  const overdue = small.map(({ id, birthDate, sex }) => {
    const doses = (given.get(id) ?? []).map((one): GivenDose => ({
      vaccine: String(one['vaccineCode']),
      date: String(one['givenOn']),
      rule: String(one['rule']),
    }));
    const plan = immunizationPlan(String(birthDate), doses, undefined, today, {
      sex: sex as 'FEMALE' | 'MALE',
    });
    expect(plan.uncounted).toEqual([]);
    return plan.doses.filter(({ state }) => state === 'OVERDUE').length;
  });
  const behind = overdue.filter((count) => count > 0).length;
  expect(small.length).toBeGreaterThan(50);
  expect(behind).toBeGreaterThan(small.length / 10);
  expect(behind).toBeLessThan(small.length * 0.6);
});

test('prescriptions come to every end', () => {
  const issued = operations.flatMap(({ entry }) =>
    entry['issuePrescription'] === undefined
      ? []
      : [{ ...(entry['issuePrescription'] as Input), at: entry.operation.recordedAt.slice(0, 10) }],
  ) as (Input & { id: string; at: string })[];
  const touched = new Set(
    [...inputsOf('dispensePrescription'), ...inputsOf('cancelPrescription')].map(
      ({ prescriptionId }) => prescriptionId,
    ),
  );
  const left = issued.filter(({ id }) => !touched.has(id));
  const expired = left.filter(({ at }) => addDays(at, 30) < today);
  expect(issued.length).toBeGreaterThan(150);
  expect(expired.length).toBeGreaterThan(10);
  expect(left.length - expired.length).toBeGreaterThan(10);
});

test('every medicine of the shelves is prescribed to somebody: the safety rules drop none', () => {
  const items = inputsOf('issuePrescription').flatMap((one) => list(one['items']));
  const prescribed = new Set(items.map(({ medicineCode }) => medicineCode));
  const stocked = new Set(inputsOf('receiveStock').map(({ medicineCode }) => medicineCode));
  expect(prescribed).toEqual(stocked);
  expect(items.every(({ quantity }) => Number(quantity) <= 120)).toBe(true);
});

test('no more is handed out of a batch than was received', () => {
  const stock = new Map(
    inputsOf('receiveStock').map((one) => [one['batchId'], Number(one['quantity'])]),
  );
  const taken = [...inputsOf('dispensePrescription'), ...inputsOf('discardStock')];
  for (const { batchId, quantity } of taken) {
    stock.set(batchId, (stock.get(batchId) ?? 0) - Number(quantity));
  }
  expect(Math.min(...stock.values())).toBeGreaterThanOrEqual(0);
});

test('demo actors have every role, and two of them health workers of different villages', () => {
  const featured = demoActors(district).filter((one) => one.featured);
  expect(new Set(featured.flatMap(({ roles }) => roles)).size).toBe(7);
  const workers = featured.filter(({ key }) => key.startsWith('health-worker'));
  expect(new Set(workers.flatMap(({ areaRoots }) => areaRoots)).size).toBe(2);
  const keys = new Set(demoActors(district).map(({ key }) => key));
  expect(operations.every(({ actor }) => keys.has(actor))).toBe(true);
});

test.each([{ today: '2026-02-30' }, { households: 0 }, { households: 1.5 }, { blocks: 99 }])(
  'refuses impossible options %o',
  (over) => {
    expect(() => generateDistrict({ seed: 1, today, ...over })).toThrow(RangeError);
  },
);
