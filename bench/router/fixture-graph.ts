import type { GraphQLResolverMap } from '@apollo/subgraph';

/**
 * Four small subgraphs with made-up, static content, shaped like the real ones: what is measured in
 * front of them is the router.
 */
export interface FixtureSubgraph {
  readonly sdl: string;
  readonly resolvers: GraphQLResolverMap;
}

const link = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])`;

const patientIds = Array.from({ length: 50 }, (_, index) => `p${index}`);
const places = 5;
const numberOf = (id: string) => Number(id.slice(1));

type Reference = { readonly id: string };
const byId = ({ id }: Reference) => ({ id });

const patient: FixtureSubgraph = {
  sdl: `${link}
    type Query { patients(first: Int! = 50): [Patient!]!, patient(id: ID!): Patient }
    type Patient @key(fields: "id") {
      id: ID! name: String birthDate: String sex: String phone: String
      identifiers: [Identifier!] area: Area institution: Institution
    }
    type Identifier { id: ID! type: String value: String }
    type Area @key(fields: "id", resolvable: false) { id: ID! }
    type Institution @key(fields: "id", resolvable: false) { id: ID! }`,
  resolvers: {
    Query: {
      patients: (_: unknown, { first }: { first: number }) =>
        patientIds.slice(0, first).map(patientOf),
      patient: (_: unknown, { id }: Reference) => patientOf(id),
    },
    Patient: { __resolveReference: ({ id }: Reference) => patientOf(id) },
  },
};

function patientOf(id: string) {
  const number = numberOf(id);
  return {
    id,
    name: `Tara Umagari ${number}`,
    birthDate: `19${60 + (number % 40)}-0${1 + (number % 9)}-11`,
    sex: number % 2 === 0 ? 'FEMALE' : 'MALE',
    phone: `+9155${10_000_000 + number}`,
    identifiers: [{ id: `i${number}`, type: 'CARD', value: `CARD-${number}` }],
    area: { id: `a${number % places}` },
    institution: { id: `h${number % places}` },
  };
}

const clinical: FixtureSubgraph = {
  sdl: `${link}
    type Query { checkup(id: ID!): Checkup }
    type Patient @key(fields: "id") { id: ID! latestCheckup: Checkup }
    type Checkup @key(fields: "id") {
      id: ID! occurredAt: String visitType: String vitals: Vitals recordedBy: Staff
    }
    type Vitals { systolicMmHg: Int diastolicMmHg: Int weightKg: Float }
    type Staff @key(fields: "id", resolvable: false) { id: ID! }`,
  resolvers: {
    Query: { checkup: (_: unknown, { id }: Reference) => checkupOf(id) },
    Patient: {
      __resolveReference: byId,
      latestCheckup: ({ id }: Reference) => checkupOf(`c${numberOf(id)}`),
    },
  },
};

function checkupOf(id: string) {
  const number = numberOf(id);
  return {
    id,
    occurredAt: `2026-01-${10 + (number % 20)}T05:00:00.000Z`,
    visitType: number % 3 === 0 ? 'ANC' : 'GENERAL',
    vitals: { systolicMmHg: 100 + number, diastolicMmHg: 70, weightKg: 40 + number / 2 },
    recordedBy: { id: `s${number % places}` },
  };
}

const prescription: FixtureSubgraph = {
  sdl: `${link}
    type Query { prescription(id: ID!): Prescription }
    type Patient @key(fields: "id") { id: ID! prescriptions: [Prescription!] }
    type Prescription @key(fields: "id") { id: ID! state: String items: [PrescriptionItem!] }
    type PrescriptionItem { id: ID! medicine: String instructions: String quantity: Int }`,
  resolvers: {
    Query: { prescription: (_: unknown, { id }: Reference) => prescriptionOf(numberOf(id)) },
    Patient: {
      __resolveReference: byId,
      prescriptions: ({ id }: Reference) =>
        numberOf(id) % 2 === 0 ? [prescriptionOf(numberOf(id))] : [],
    },
  },
};

function prescriptionOf(number: number) {
  const item = (position: number) => ({
    id: `x${number}-${position}`,
    medicine: 'Ferrous sulfate 200 mg',
    instructions: 'One a day, with food',
    quantity: 30 * position,
  });
  return { id: `r${number}`, state: 'ISSUED', items: [item(1), item(2)] };
}

const institution: FixtureSubgraph = {
  sdl: `${link}
    type Query { institution(id: ID!): Institution }
    type Area @key(fields: "id") { id: ID! name: String }
    type Institution @key(fields: "id") { id: ID! name: String }
    type Staff @key(fields: "id") { id: ID! name: String institution: Institution }`,
  resolvers: {
    Query: { institution: (_: unknown, { id }: Reference) => ({ id, name: `Clinic ${id}` }) },
    Area: { __resolveReference: ({ id }: Reference) => ({ id, name: `Village ${id}` }) },
    Institution: { __resolveReference: ({ id }: Reference) => ({ id, name: `Clinic ${id}` }) },
    Staff: {
      __resolveReference: ({ id }: Reference) => ({
        id,
        name: `Nurse ${id}`,
        institution: { id: `h${numberOf(id)}`, name: `Clinic h${numberOf(id)}` },
      }),
    },
  },
};

export const fixtureSubgraphs: Readonly<Record<string, FixtureSubgraph>> = {
  patient,
  clinical,
  prescription,
  institution,
};

/** What both routers are asked. */
export const documents = {
  'one patient, two subgraphs':
    '{ patient(id: "p7") { id name latestCheckup { occurredAt visitType } } }',
  '50 patients, four subgraphs': `{
    patients(first: 50) {
      id name birthDate sex phone
      identifiers { type value }
      area { name }
      institution { name }
      latestCheckup {
        occurredAt visitType
        vitals { systolicMmHg diastolicMmHg weightKg }
        recordedBy { name institution { name } }
      }
      prescriptions { id state items { medicine instructions quantity } }
    }
  }`,
} as const;
