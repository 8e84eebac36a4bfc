import type { TakenType } from '../fhir/taken.ts';
import type { Origin } from '../issue.ts';

/** The subgraphs that imported records go to. */
export type ImportSubgraph = 'institution' | 'patient' | 'clinical' | 'prescription';

/** OperationInput of the SDL. */
export interface OperationInput {
  readonly id: string;
  readonly deviceId: string;
  readonly deviceSequence: number;
  readonly recordedAt: string;
  readonly clockOffsetMs: number;
}

/** A code as the source gave it. */
export interface CodingInput {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

export interface VitalsInput {
  systolicMmHg?: number;
  diastolicMmHg?: number;
  pulsePerMin?: number;
  respiratoryRatePerMin?: number;
  temperatureCelsius?: number;
  spo2Percent?: number;
  weightKg?: number;
  heightCm?: number;
  muacMm?: number;
  haemoglobinGdl?: number;
  glucoseMmolL?: number;
  glucoseFasting?: boolean;
  fundalHeightCm?: number;
  fetalHeartRatePerMin?: number;
}

export interface DiagnosisInput {
  readonly diseaseCode?: string;
  readonly coding?: CodingInput;
  readonly certainty: 'SUSPECTED' | 'CONFIRMED' | 'RULED_OUT';
  readonly onsetOn?: string;
}

/** One write, before it has the stamp of an operation. */
export interface MappedWrite {
  readonly subgraph: ImportSubgraph;
  /** Member of the batch input and name of the operation, e.g. `recordCheckup`. */
  readonly member: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** RFC 3339 in UTC. */
  readonly recordedAt: string;
}

/** A write with where it comes from and which resources it stands for. */
export interface ImportEntry extends MappedWrite {
  readonly operation: OperationInput;
  readonly origin: Origin;
  readonly type: TakenType;
  /** How many resources of which types are in it. */
  readonly counts: Readonly<Partial<Record<TakenType, number>>>;
}
