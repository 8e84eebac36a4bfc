import { readFileSync } from 'node:fs';
import {
  buildASTSchema,
  getNamedType,
  isInputObjectType,
  parse,
  type GraphQLInputObjectType,
} from 'graphql';
import { publishedSupergraphPath } from '@caregraph/schema-registry';

/** The published graph, and what in it may carry a text about a patient. */
export const schema = buildASTSchema(parse(readFileSync(publishedSupergraphPath, 'utf8')), {
  assumeValidSDL: true,
});

/**
 * Texts that are stored as they are, with the reason. Whatever is not here gets a canary: a new
 * text field is sealed, or somebody writes down why not.
 */
export const plainTexts: Readonly<Record<string, string>> = {
  ...because('a code of a published catalogue', [
    'RecordCheckupInput.dangerSigns',
    'AmendCheckupInput.dangerSigns',
    'DiagnosisInput.diseaseCode',
    'RecordImmunizationInput.vaccineCode',
    'ReplacementDoseInput.vaccineCode',
    'RecordImmunizationInput.rule',
    'ReplacementDoseInput.rule',
    'CreateTaskInput.rule',
    'AllergySubstanceInput.medicineCode',
    'AllergySubstanceInput.atcCode',
    'AllergySubstanceInput.group',
    'PrescriptionItemInput.medicineCode',
    'SetFormularyEntryInput.medicineCode',
    'ReceiveStockInput.medicineCode',
    'RegisterPatientInput.preferredLanguage',
    'UpdatePatientInput.preferredLanguage',
  ]),
  ...because('the name and the code of a foreign catalogue; its display is sealed', [
    'ClinicalCodingInput.system',
    'ClinicalCodingInput.code',
    'CodingInput.system',
    'CodingInput.code',
  ]),
  ...because('who issues an identifier; its value is sealed', [
    'AddIdentifierInput.system',
    'NewIdentifierInput.system',
  ]),
  ...because('says something of a product, not of a person', [
    'RecordImmunizationInput.batch',
    'ReplacementDoseInput.batch',
    'PrescriptionItemInput.doseUnit',
    'ReceiveStockInput.batchNumber',
  ]),
  ...because('the public map of places, institutions, devices and who works there', [
    'RegisterAreaInput.name',
    'RegisterAreaInput.code',
    'RegisterAreaInput.timeZone',
    'UpdateAreaInput.name',
    'UpdateAreaInput.code',
    'UpdateAreaInput.timeZone',
    'RegisterInstitutionInput.name',
    'RegisterInstitutionInput.registryCode',
    'UpdateInstitutionInput.name',
    'UpdateInstitutionInput.registryCode',
    'RegisterStaffInput.name',
    'RegisterStaffInput.credentialsNumber',
    'UpdateStaffInput.name',
    'UpdateStaffInput.credentialsNumber',
    'EnrolDeviceInput.label',
    'RegisterPartnerInput.name',
  ]),
};

function because(reason: string, coordinates: readonly string[]): Record<string, string> {
  return Object.fromEntries(coordinates.map((coordinate) => [coordinate, reason]));
}

const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});

/** Every mutation and every query of the graph. */
export const mutationNames = mutations.map(({ name }) => name);
export const queryNames = Object.keys(schema.getQueryType()?.getFields() ?? {});

function argumentType(mutation: string, argument: string): GraphQLInputObjectType | undefined {
  const found = mutations.find(({ name }) => name === mutation);
  const type = getNamedType(found?.args.find(({ name }) => name === argument)?.type);
  return isInputObjectType(type) ? type : undefined;
}

/** The input of a mutation that does one thing. @throws when there is no such mutation */
export function inputOf(mutation: string): GraphQLInputObjectType {
  const type = argumentType(mutation, 'input');
  if (type === undefined) throw new Error(`the graph has no mutation ${mutation}`);
  return type;
}

/** The fields of an input and of what it holds that are texts of a patient. */
export function sealedTexts(
  type: GraphQLInputObjectType,
  seen: ReadonlySet<string> = new Set(),
): readonly string[] {
  if (seen.has(type.name)) return [];
  const within = new Set([...seen, type.name]);
  return Object.values(type.getFields()).flatMap((field) => {
    const named = getNamedType(field.type);
    if (isInputObjectType(named)) return sealedTexts(named, within);
    const coordinate = `${type.name}.${field.name}`;
    return named.name === 'String' && plainTexts[coordinate] === undefined ? [coordinate] : [];
  });
}

/** Every mutation that takes one thing, with its texts of a patient. */
export const singles: ReadonlyMap<string, readonly string[]> = new Map(
  mutations.flatMap(({ name }) => {
    const type = argumentType(name, 'input');
    return type === undefined ? [] : [[name, sealedTexts(type)] as const];
  }),
);

/** Every mutation that takes a batch, with the mutations that may stand in it. */
export const batches: ReadonlyMap<string, readonly string[]> = new Map(
  mutations.flatMap(({ name }) => {
    const type = argumentType(name, 'operations');
    if (type === undefined) return [];
    const members = Object.keys(type.getFields()).filter((member) => member !== 'operation');
    return [[name, members] as const];
  }),
);

/**
 * Completes an input: every text of a patient that it leaves out becomes a canary, in the objects
 * that it holds as well.
 */
export function withCanaries(
  type: GraphQLInputObjectType,
  given: Readonly<Record<string, unknown>>,
  make: (coordinate: string) => string,
): Record<string, unknown> {
  const filled: Record<string, unknown> = { ...given };
  for (const field of Object.values(type.getFields())) {
    const named = getNamedType(field.type);
    const value = given[field.name];
    const coordinate = `${type.name}.${field.name}`;
    if (isInputObjectType(named)) {
      const inner = (one: unknown) => withCanaries(named, isRecord(one) ? one : {}, make);
      if (Array.isArray(value)) filled[field.name] = value.map(inner);
      else if (isRecord(value)) filled[field.name] = inner(value);
    } else if (named.name === 'String' && value === undefined && !(coordinate in plainTexts)) {
      filled[field.name] = make(coordinate);
    }
  }
  return filled;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
