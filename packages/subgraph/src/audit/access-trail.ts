import type { Actor, Purpose } from '@caregraph/access';
import type { EventDraft } from '@caregraph/messaging';
import type { OpenedRecord } from '../context.ts';

/** What a request saw of which patients. Stores register; the server commits before it answers. */
export interface AccessTrail {
  /** Registers that a record of a patient leaves the store. */
  saw(typename: string, patientId: string): void;
  /** The intent to commit, or undefined when no patient's record was seen. */
  intent(rootFields: readonly string[]): EventDraft | undefined;
}

export interface AccessTrailOptions {
  readonly actor: Actor;
  readonly purpose: Purpose;
  readonly requestId: string;
  readonly subgraph: string;
  readonly at: Date;
  readonly breakGlass: OpenedRecord | undefined;
}

/** Creates the trail of one request. */
export function createAccessTrail(options: AccessTrailOptions): AccessTrail {
  const typesByPatient = new Map<string, Set<string>>();
  return {
    saw(typename, patientId) {
      const types = typesByPatient.get(patientId);
      if (types) types.add(typename);
      else typesByPatient.set(patientId, new Set([typename]));
    },
    intent(rootFields) {
      if (typesByPatient.size === 0) return undefined;
      const accesses = [...typesByPatient].map(([patientId, types]) => ({
        patientId,
        types: [...types],
      }));
      return accessEvent(options, {
        action: 'READ',
        operation: rootFields.join(','),
        outcome: 'SERVED',
        accesses,
      });
    },
  };
}

/** The event that tells the audit subgraph of an access. */
export function accessEvent(
  { actor, purpose, requestId, subgraph, at, breakGlass }: AccessTrailOptions,
  access: {
    action: 'READ' | 'WRITE';
    operation: string;
    operationId?: string;
    recordedAt?: string;
    outcome: string;
    accesses: { patientId: string; types: string[] }[];
  },
): EventDraft {
  // Only what a grant opened is told to have been opened by one.
  const opened = access.accesses.some(({ patientId }) => patientId === breakGlass?.patientId);
  return {
    type: 'org.caregraph.record.accessed.v1',
    subject: requestId,
    data: {
      requestId,
      subgraph,
      actor: {
        id: actor.id,
        clientId: actor.clientId,
        roles: [...actor.roles],
        institutionId: actor.institutionId,
        ...(actor.deviceId === undefined ? {} : { deviceId: actor.deviceId }),
      },
      purpose,
      at: at.toISOString(),
      ...(opened ? { breakGlass } : {}),
      ...access,
    },
  };
}
