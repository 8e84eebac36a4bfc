import { scopeOf } from '@caregraph/access';
import type { Person } from './people.ts';

/** What every institution has, and who looks after all institutions may see. */
const administrative: ReadonlySet<string> = new Set([
  'Device',
  'DeviceEdge',
  'Partner',
  'PartnerEdge',
]);

/**
 * Which objects another tenant may not be shown. A new type must be named in one of the two lists;
 * connections and edges follow the type that they carry.
 */
const record = [
  'AccessRecord',
  'Allergy',
  'AllergySubstance',
  'AncVisit',
  'AuditEvent',
  'BreakGlassGrant',
  'BreakGlassUse',
  'Checkup',
  'CheckupDangerSign',
  'CheckupDisease',
  'ClinicalCoding',
  'Coding',
  'Device',
  'Dispensing',
  'DueItem',
  'GestationalAge',
  'Household',
  'Identifier',
  'Immunization',
  'Partner',
  'Patient',
  'PatientAccess',
  'PatientMatch',
  'Pregnancy',
  'Prescription',
  'PrescriptionItem',
  'Referral',
  'ReferralStep',
  'Relationship',
  'SafetyFinding',
  'StockBatch',
  'StockMovement',
  'Task',
  'Vitals',
];

/** Facts that are the same for everyone who may ask at all. */
const open = [
  'Area',
  'Disease',
  'FormularyEntry',
  'ImmunizationSchedule',
  'Institution',
  'Medicine',
  'PageInfo',
  // Whose list of matches may be shown empty, like that of a connection.
  'PatientSearchResult',
  'ScheduledDose',
  'Staff',
  'Vaccine',
];

export type Tenancy = 'record' | 'open' | 'unknown';

/** @returns 'unknown' for a type that nobody has thought about yet */
export function tenancyOf(typeName: string): Tenancy {
  // A list may be shown empty; what is in its edges may not be shown at all.
  if (typeName.endsWith('Connection')) return 'open';
  const subject = typeName.replace(/Edge$/, '');
  if (record.includes(subject)) return 'record';
  return open.includes(subject) ? 'open' : 'unknown';
}

/** Whether a record of the district may be shown to someone at all, whatever their role permits. */
export function mayBeShown({ tenant, actor }: Person, typeName: string): boolean {
  if (tenant === 'own' || tenancyOf(typeName) !== 'record') return true;
  return scopeOf(actor).everyInstitution && administrative.has(typeName);
}
