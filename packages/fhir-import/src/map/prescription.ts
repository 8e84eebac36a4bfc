import type { Concept, Quantity } from '../fhir/element.ts';
import type { FhirDosage, FhirMedicationRequest } from '../fhir/facts.ts';
import type { ImportIds } from '../import-ids.ts';
import { codesIn, originalCoding } from './coding.ts';
import type { CodingInput, MappedWrite } from './input.ts';

const snomed = 'http://snomed.info/sct';

/** What became of an order. A stopped one is not to be followed any more, whoever stopped it. */
const stateOf: Readonly<Record<string, string>> = {
  active: 'ISSUED',
  'on-hold': 'ISSUED',
  completed: 'DISPENSED',
  stopped: 'CANCELLED',
  cancelled: 'CANCELLED',
  unknown: 'EXPIRED',
};

/** SNOMED CT routes in ours. */
const routeOfCode: Readonly<Record<string, string>> = {
  '26643006': 'PO',
  '47625008': 'IV',
  '78421000': 'IM',
  '34206005': 'SC',
  '37839007': 'SL',
  '37161004': 'PR',
  '46713006': 'NAS',
};

const daysOfUnit: Readonly<Record<string, number>> = { h: 1 / 24, d: 1, wk: 7, mo: 30, a: 365 };

/** Who ordered for whom, and at which visit. */
export interface OrderPlace {
  readonly id: string;
  readonly ids: Pick<ImportIds, 'within'>;
  readonly patientId: string;
  readonly checkupId?: string | undefined;
  readonly prescriberId?: string | undefined;
  readonly institutionId?: string | undefined;
}

/**
 * An order as imported history: what the source knew of it, under the source's own code.
 *
 * @returns undefined when the medicine has no code and no name
 */
export function mapPrescription(
  request: FhirMedicationRequest,
  place: OrderPlace,
  recordedAt: string,
): MappedWrite | undefined {
  const medicine = medicineOf(request);
  if (medicine === undefined) return undefined;
  const validUntil = request.dispenseRequest?.validityPeriod?.end;
  const { id, ids, patientId, ...links } = place;
  const input = {
    id,
    patientId,
    imported: true,
    historicState: stateOf[request.status] ?? 'EXPIRED',
    items: [itemOf(request, medicine, ids.within('PrescriptionItem', id))],
    ...Object.fromEntries(Object.entries(links).filter(([, link]) => link !== undefined)),
    ...(validUntil !== undefined && validUntil.length >= 10
      ? { validUntil: validUntil.slice(0, 10) }
      : {}),
  };
  return { subgraph: 'prescription', member: 'issuePrescription', input, recordedAt };
}

function medicineOf(request: FhirMedicationRequest): CodingInput | undefined {
  const { medicationCodeableConcept, medicationReference, contained = [] } = request;
  const named = medicationReference?.reference;
  const within = contained.find(({ id }) => id !== undefined && named === `#${id}`)?.code;
  const text: Concept = { text: medicationReference?.display };
  return (
    originalCoding(medicationCodeableConcept) ?? originalCoding(within) ?? originalCoding(text)
  );
}

function itemOf(request: FhirMedicationRequest, originalCodingOf: CodingInput, id: string) {
  const { dosageInstruction = [], dispenseRequest } = request;
  const dosage = dosageInstruction[0] ?? {};
  const dose = dosage.doseAndRate?.[0]?.doseQuantity;
  const durationDays = daysOf(
    dispenseRequest?.expectedSupplyDuration ?? dosage.timing?.repeat?.boundsDuration,
  );
  const quantity = dispenseRequest?.quantity?.value;
  const isCount = quantity !== undefined && Number.isInteger(quantity) && quantity > 0;
  const instructions = dosage.text?.trim().slice(0, 1_000);
  return {
    id,
    originalCoding: originalCodingOf,
    ...doseOf(dose),
    ...routeOf(dosage),
    ...frequencyOf(dosage),
    ...(dosage.asNeededBoolean === true ? { asNeeded: true } : {}),
    ...(durationDays === undefined ? {} : { durationDays }),
    ...(isCount && quantity <= 10_000 ? { quantity } : {}),
    ...(instructions ? { instructions } : {}),
  };
}

function doseOf(dose: Quantity | undefined) {
  const value = dose?.value;
  if (value === undefined || value <= 0 || value > 1_000_000) return {};
  const unit = (dose?.code ?? dose?.unit)?.trim();
  return unit && unit.length <= 20
    ? { doseQuantity: value, doseUnit: unit }
    : { doseQuantity: value };
}

function routeOf({ route }: FhirDosage) {
  const code = route === undefined ? undefined : codesIn(route, snomed)[0];
  const known = routeOfCode[code ?? ''];
  return known === undefined ? {} : { route: known };
}

/** How often a day: `frequency` times in each `period`. */
function frequencyOf({ timing }: FhirDosage) {
  const { frequency, period, periodUnit } = timing?.repeat ?? {};
  const days = (period ?? 0) * (daysOfUnit[periodUnit ?? ''] ?? 0);
  if (frequency === undefined || days <= 0) return {};
  const frequencyPerDay = Number((frequency / days).toFixed(4));
  return frequencyPerDay > 0 && frequencyPerDay <= 24 ? { frequencyPerDay } : {};
}

function daysOf(duration: Quantity | undefined): number | undefined {
  const days = (duration?.value ?? 0) * (daysOfUnit[duration?.code ?? ''] ?? 0);
  const whole = Math.round(days);
  return whole >= 1 && whole <= 366 ? whole : undefined;
}
