import { idAt } from './event-time.ts';
import type { DistrictOperation, MemberOf, Phase, SubgraphName } from './operation-input.ts';
import type { Random } from './random.ts';
import type { StaffMember } from './staff.ts';

/** Who writes, when, and with which random bits. */
export interface Writing {
  readonly by: StaffMember;
  /** RFC 3339 UTC instant. */
  readonly at: string;
  readonly random: Random;
  /** The version of the record that a change was made on. */
  readonly baseVersion?: number;
}

export interface Recorder {
  record<TSubgraph extends SubgraphName>(
    phase: Phase,
    subgraph: TSubgraph,
    writing: Writing,
    member: MemberOf<TSubgraph>,
  ): DistrictOperation;
}

/**
 * Numbers the operations of each device as they come.
 *
 * @example recorder.record('care', 'clinical', { by, at, random }, { recordCheckup })
 */
export function createRecorder(): Recorder {
  const sequences = new Map<string, number>();
  return {
    record(phase, subgraph, { by, at, random, baseVersion }, member) {
      const deviceSequence = (sequences.get(by.deviceId) ?? 0) + 1;
      sequences.set(by.deviceId, deviceSequence);
      const operation = {
        id: idAt(at, random),
        deviceId: by.deviceId,
        deviceSequence,
        recordedAt: at,
        clockOffsetMs: 0,
        ...(baseVersion === undefined ? {} : { baseVersion }),
      };
      return { phase, subgraph, actor: by.key, entry: { operation, ...member } };
    },
  };
}
