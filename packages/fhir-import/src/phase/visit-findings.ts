import { mapDiagnosis, vitalsOf } from '../map/checkup.ts';
import type { DiagnosisInput, VitalsInput } from '../map/input.ts';
import { readVitals, type VitalName, type VitalValue } from '../map/vital-sign.ts';
import type { Counts } from '../import-tally.ts';
import type { Staged } from '../source/staging.ts';
import type { PhaseContext } from './phase-context.ts';

export type Finding = Staged<'Observation' | 'Condition'>;

/** What one checkup can hold: each measurement once. */
export interface FindingsRound {
  readonly vitals: VitalsInput;
  readonly diagnoses: readonly DiagnosisInput[];
  readonly counts: Counts;
  /** The first of its findings. */
  readonly first: Finding | undefined;
}

interface Measured {
  readonly of: Staged<'Observation'>;
  readonly values: readonly VitalValue[];
}

const maxDiagnoses = 100;

/**
 * Puts the findings of a visit, in their order, into as few checkups as hold them all: a pressure
 * that was taken three times at a visit is three measurements, not the last one.
 *
 * @returns at least one round; the first holds the diagnoses
 */
export function findingsRounds(
  ctx: PhaseContext,
  findings: readonly Finding[],
): readonly [FindingsRound, ...FindingsRound[]] {
  const rounds = measuredRounds(readAll(ctx, findings.filter(isObservation)));
  const diagnosed = findings.filter(isCondition).slice(0, maxDiagnoses);
  for (const one of findings.filter(isCondition).slice(maxDiagnoses)) {
    ctx.issue(one, 'RECORD_INVALID');
  }
  const [first = [], ...others] = rounds;
  return [
    {
      ...measuredRound(ctx, first, diagnosed.length),
      diagnoses: diagnosed.flatMap((one) => mapDiagnosis(one.resource) ?? []),
      first: findings[0],
    },
    ...others.map((round) => measuredRound(ctx, round, 0)),
  ];
}

function isObservation(finding: Finding): finding is Staged<'Observation'> {
  return finding.type === 'Observation';
}

function isCondition(finding: Finding): finding is Staged<'Condition'> {
  return finding.type === 'Condition';
}

/** The values that can be kept; an observation of which nothing is left is a bad record. */
function readAll(ctx: PhaseContext, observations: readonly Staged<'Observation'>[]): Measured[] {
  return observations.flatMap((of) => {
    const { values, problems } = readVitals(of.resource);
    problems.forEach(({ code, path }, index) => {
      const isLast = values.length === 0 && index === problems.length - 1;
      ctx.issue(of, code, path, isLast ? 'RECORD' : 'PART');
    });
    return values.length === 0 ? [] : [{ of, values }];
  });
}

function measuredRounds(measured: readonly Measured[]): Measured[][] {
  const rounds: { names: Set<VitalName>; measured: Measured[] }[] = [];
  for (const one of measured) {
    const names = one.values.map(({ name }) => name);
    const free = rounds.find((round) => names.every((name) => !round.names.has(name)));
    const round = free ?? { names: new Set<VitalName>(), measured: [] };
    if (free === undefined) rounds.push(round);
    for (const name of names) round.names.add(name);
    round.measured.push(one);
  }
  return rounds.map((round) => round.measured);
}

function measuredRound(
  ctx: PhaseContext,
  measured: readonly Measured[],
  conditions: number,
): FindingsRound {
  const kept = withoutReversedPressure(ctx, measured);
  return {
    vitals: vitalsOf(kept.flatMap(({ values }) => values)),
    diagnoses: [],
    counts: {
      ...(kept.length > 0 ? { Observation: kept.length } : {}),
      ...(conditions > 0 ? { Condition: conditions } : {}),
    },
    first: measured[0]?.of,
  };
}

/** A diastolic pressure that is not below the systolic: nobody knows which of the two is wrong. */
function withoutReversedPressure(ctx: PhaseContext, measured: readonly Measured[]): Measured[] {
  const { systolicMmHg, diastolicMmHg } = vitalsOf(measured.flatMap(({ values }) => values));
  const isSound =
    systolicMmHg === undefined || diastolicMmHg === undefined || diastolicMmHg < systolicMmHg;
  if (isSound) return [...measured];
  return measured.flatMap(({ of, values }) => {
    const rest = values.filter(({ name }) => name !== 'systolicMmHg' && name !== 'diastolicMmHg');
    const lost = values.find((value) => !rest.includes(value));
    if (lost !== undefined) {
      ctx.issue(of, 'VALUE_IMPOSSIBLE', lost.path, rest.length === 0 ? 'RECORD' : 'PART');
    }
    return rest.length === 0 ? [] : [{ of, values: rest }];
  });
}
