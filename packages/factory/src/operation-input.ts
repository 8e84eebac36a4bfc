import type { CivilDate } from '@caregraph/guideline';

/**
 * The inputs that a district uses, member by member of each batch mutation. The SDL is the
 * contract: a test holds every entry of a district against it.
 */
export interface BatchMembers {
  readonly institution: {
    readonly registerArea: {
      id: string;
      kind: 'COUNTRY' | 'STATE' | 'DISTRICT' | 'BLOCK' | 'VILLAGE';
      name: string;
      code?: string;
      parentId?: string;
      timeZone: string;
    };
    readonly registerInstitution: {
      id: string;
      kind: InstitutionKind;
      name: string;
      registryCode?: string;
      areaId: string;
    };
    readonly verifyInstitution: { id: string; verification: 'VERIFIED' };
    readonly registerStaff: {
      id: string;
      name: string;
      role: string;
      contact?: string;
      credentialsNumber?: string;
      institutionId: string;
      areaIds: readonly string[];
    };
    readonly enrolDevice: { id: string; label: string; institutionId: string; holderId: string };
    readonly registerPartner: { id: string; name: string; institutionId: string };
  };
  readonly patient: {
    readonly registerHousehold: { id: string; areaId: string; label: string; address: string };
    readonly updateHousehold: { householdId: string; headId: string };
    readonly registerPatient: RegisterPatient;
    readonly relatePatients: {
      id: string;
      fromPatientId: string;
      toPatientId: string;
      kind: 'MOTHER' | 'FATHER' | 'SPOUSE';
    };
    readonly addIdentifier: NewIdentifier & { patientId: string };
    readonly recordDeath: { patientId: string; deceasedOn: CivilDate };
  };
  readonly clinical: {
    readonly registerPregnancy: {
      id: string;
      patientId: string;
      lmp: CivilDate;
      gravida: number;
      para: number;
      riskFlags: readonly string[];
    };
    readonly recordPregnancyOutcome: {
      pregnancyId: string;
      outcome: 'LIVE_BIRTH';
      outcomeOn: CivilDate;
    };
    readonly recordCheckup: RecordCheckup;
    readonly recordImmunization: {
      id: string;
      patientId: string;
      rule: string;
      vaccineCode: string;
      doseNumber: number;
      givenOn: CivilDate;
      batch: string;
      birthDate?: CivilDate;
    };
    readonly referPatient: {
      id: string;
      patientId: string;
      toInstitutionId: string;
      urgency: 'ROUTINE' | 'URGENT' | 'EMERGENCY';
      reason: string;
      checkupId: string;
    };
    readonly changeReferralState: {
      referralId: string;
      state: 'ACCEPTED' | 'ARRIVED' | 'COMPLETED';
    };
    readonly createTask: {
      id: string;
      patientId: string;
      kind: 'FOLLOW_UP' | 'REFERRAL_FOLLOW_UP';
      dueOn: CivilDate;
      note: string;
      checkupId: string;
      assignedToId: string;
    };
  };
  readonly prescription: {
    readonly setFormularyEntry: { id: string; institutionId: string; medicineCode: string };
    readonly receiveStock: {
      batchId: string;
      medicineCode: string;
      batchNumber: string;
      expiresOn: CivilDate;
      quantity: number;
    };
    readonly discardStock: { batchId: string; quantity: number; reason: 'EXPIRED' };
    readonly recordAllergy: {
      id: string;
      patientId: string;
      substance: { group: string };
      severity: 'MILD' | 'MODERATE' | 'SEVERE';
      reaction: string;
    };
    readonly issuePrescription: {
      id: string;
      patientId: string;
      checkupId: string;
      items: readonly PrescriptionItem[];
      subject: PrescriptionSubject;
      validUntil?: CivilDate;
    };
    readonly cancelPrescription: { prescriptionId: string; reason: string };
    readonly dispensePrescription: {
      id: string;
      prescriptionId: string;
      itemId: string;
      batchId: string;
      quantity: number;
      alreadyHandedOut: true;
    };
  };
}

export type InstitutionKind =
  'HOSPITAL' | 'CLINIC' | 'HEALTH_POST' | 'PHARMACY' | 'LABORATORY' | 'OFFICE';

export interface NewIdentifier {
  readonly id: string;
  readonly type: 'CARD' | 'MRN';
  readonly system?: string;
  readonly value: string;
}

export interface RegisterPatient {
  readonly id: string;
  readonly name: string;
  readonly sex: 'FEMALE' | 'MALE';
  readonly birthDate: CivilDate;
  readonly birthDateEstimated: boolean;
  readonly phone?: string;
  readonly preferredLanguage: string;
  readonly areaId: string;
  readonly householdId: string;
  readonly identifiers: readonly NewIdentifier[];
}

/** Measurements in the units of their names. */
export interface Vitals {
  readonly systolicMmHg?: number;
  readonly diastolicMmHg?: number;
  readonly pulsePerMin?: number;
  readonly respiratoryRatePerMin?: number;
  readonly temperatureCelsius?: number;
  readonly spo2Percent?: number;
  readonly weightKg?: number;
  readonly heightCm?: number;
  readonly muacMm?: number;
  readonly haemoglobinGdl?: number;
  readonly glucoseMmolL?: number;
  readonly glucoseFasting?: boolean;
  readonly fundalHeightCm?: number;
  readonly fetalHeartRatePerMin?: number;
}

export interface RecordCheckup {
  readonly id: string;
  readonly patientId: string;
  readonly visitType: 'ANC' | 'PNC' | 'CHILD' | 'GENERAL';
  readonly ageDays: number;
  readonly vitals: Vitals;
  readonly dangerSigns?: readonly string[];
  readonly notes?: string;
  readonly diagnoses?: readonly {
    readonly diseaseCode: string;
    readonly certainty: 'SUSPECTED' | 'CONFIRMED';
  }[];
  readonly pregnancyId?: string;
}

export interface PrescriptionItem {
  readonly id: string;
  readonly medicineCode: string;
  readonly doseQuantity: number;
  readonly doseUnit: string;
  readonly route: 'PO';
  readonly frequencyPerDay: number;
  readonly durationDays: number;
  readonly quantity: number;
  readonly instructions: string;
}

export interface PrescriptionSubject {
  readonly ageDays: number;
  readonly weightKg: number;
  readonly pregnant: boolean;
  readonly trimester?: 1 | 2 | 3;
}

export type SubgraphName = keyof BatchMembers;

/** What every replayable write states about itself. */
export interface OperationInput {
  readonly id: string;
  readonly deviceId: string;
  readonly deviceSequence: number;
  /** RFC 3339 UTC instant. */
  readonly recordedAt: string;
  readonly clockOffsetMs: number;
  readonly baseVersion?: number;
}

/** Exactly one member of a batch input. */
export type MemberOf<TSubgraph extends SubgraphName> = {
  [TName in keyof BatchMembers[TSubgraph]]: Pick<BatchMembers[TSubgraph], TName>;
}[keyof BatchMembers[TSubgraph]];

/** One entry of `apply<Subgraph>Operations`. */
export type BatchEntry = { readonly operation: OperationInput } & Readonly<Record<string, unknown>>;

/** The order in which a district comes about; between two phases, events reach all stores. */
export const phases = [
  'setting',
  'supply',
  'registration',
  'care',
  'treatment',
  'dispensing',
] as const;

export type Phase = (typeof phases)[number];

/** One write of a district: where it goes, who makes it, what it says. */
export interface DistrictOperation {
  readonly phase: Phase;
  readonly subgraph: SubgraphName;
  /** Key of the staff member, see `demoActors`. */
  readonly actor: string;
  readonly entry: BatchEntry;
}
