import type { ImportEntry, ImportSubgraph } from '../map/input.ts';
import { checkupEntries } from './checkup.phase.ts';
import {
  dismissalEntries,
  institutionEntries,
  patientEntries,
  relationshipEntries,
  staffEntries,
} from './people.phase.ts';
import type { PhaseContext } from './phase-context.ts';
import { allergyEntries, immunizationEntries, prescriptionEntries } from './record.phase.ts';

export interface Phase {
  readonly name: string;
  readonly subgraph: ImportSubgraph;
  readonly entries: (ctx: PhaseContext) => Generator<ImportEntry>;
  /** Other subgraphs have to hear of what was written before the next phase. */
  readonly settles?: true;
}

/** The order of an import: what is referred to comes before what refers to it. */
export const phases: readonly Phase[] = [
  { name: 'institutions', subgraph: 'institution', entries: institutionEntries },
  { name: 'staff', subgraph: 'institution', entries: staffEntries },
  { name: 'dismissals', subgraph: 'institution', entries: dismissalEntries },
  { name: 'patients', subgraph: 'patient', entries: patientEntries, settles: true },
  { name: 'relationships', subgraph: 'patient', entries: relationshipEntries },
  { name: 'checkups', subgraph: 'clinical', entries: checkupEntries },
  { name: 'immunizations', subgraph: 'clinical', entries: immunizationEntries },
  { name: 'allergies', subgraph: 'prescription', entries: allergyEntries },
  { name: 'prescriptions', subgraph: 'prescription', entries: prescriptionEntries },
];
