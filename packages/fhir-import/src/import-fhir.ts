import { setTimeout as waitMs } from 'node:timers/promises';
import type { Clock } from '@caregraph/clock';
import type { TakenType } from './fhir/taken.ts';
import { defaultSource } from './identity.ts';
import type { ImportIds } from './import-ids.ts';
import { createImportTally, type ImportTally, type TypeTally } from './import-tally.ts';
import type { Issue } from './issue.ts';
import { createPhaseContext, type PhaseContext } from './phase/phase-context.ts';
import { phases, type Phase } from './phase/phases.ts';
import { dispatch, type DispatchOptions } from './send/dispatch.ts';
import type { Sender } from './send/sender.ts';
import { findFiles } from './source/find-files.ts';
import { stageFiles } from './source/stage-files.ts';
import { createStaging } from './source/staging.ts';

/** How far an import is. */
export interface ImportProgress {
  /** `reading`, then the name of the phase. */
  readonly stage: string;
  /** Bytes while reading, resources after that. */
  readonly done: number;
  readonly total: number;
}

export interface ImportOptions {
  /** Files and folders. */
  readonly paths: readonly string[];
  /** The area that imported institutions and people belong to. */
  readonly areaId: string;
  /** Subject of the token that the sender uses. */
  readonly actorId: string;
  /** Registers the actor as staff under this name; for importers that nobody registered. */
  readonly importerName?: string;
  /** Names whose ids those are that are no UUIDs and have no server; the same in every run. */
  readonly source?: string;
  /** Makes the ids of what is written; the same key in every run. */
  readonly ids: ImportIds;
  readonly sender: Sender;
  readonly clock: Clock;
  /** At most 500. */
  readonly batchSize?: number;
  readonly concurrency?: number;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly onIssue?: (issue: Issue) => void;
}

/** What an import did. Holds no patient's data. */
export interface ImportSummary {
  readonly files: number;
  readonly bytes: number;
  readonly types: Readonly<Partial<Record<TakenType, TypeTally>>>;
  /** Types, codes and states that were not taken, with how many there were. */
  readonly notTaken: Readonly<Record<string, number>>;
  readonly issues: readonly Issue[];
  readonly issueCount: number;
  /** Facts that wait for their patient's event; they settle by themselves. */
  readonly provisional: number;
  readonly resources: number;
  readonly durationMs: number;
  readonly resourcesPerSecond: number;
}

/**
 * Imports FHIR R4 bundles, NDJSON files and single resources as operations.
 *
 * Twice gives the same database, and after a kill the same call takes up from what was written:
 * ids and operation ids are made of the content, under a key. Memory does not grow with the input.
 *
 * @throws ImportStopped SERVER_UNREACHABLE, TOKEN_REFUSED, REQUEST_REFUSED; file system errors of
 *   a path that does not exist
 * @source HL7 FHIR R4 (4.0.1), Bundle and Bulk Data NDJSON
 * @example await importFhir({ paths: ['bundles/'], areaId, actorId, ids, sender, clock })
 */
export async function importFhir(options: ImportOptions): Promise<ImportSummary> {
  const { clock, source = defaultSource, onProgress = () => undefined } = options;
  const startedMs = clock.now().getTime();
  const tally = createImportTally(options.onIssue);
  const files = await findFiles(options.paths);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const staging = createStaging();
  try {
    let read = 0;
    const onBytes = (count: number) => {
      read += count;
      onProgress({ stage: 'reading', done: read, total: bytes });
    };
    await stageFiles(files, { staging, tally, clock, source, onBytes });
    const ctx = createPhaseContext({ ...options, staging, tally, source });
    const provisional = await sendPhases(ctx, options);
    const durationMs = clock.now().getTime() - startedMs;
    return { files: files.length, bytes, provisional, durationMs, ...counted(tally, durationMs) };
  } finally {
    staging.close();
  }
}

function counted(tally: ImportTally, durationMs: number) {
  const resources = tally.settled();
  return {
    types: tally.types(),
    notTaken: tally.notTaken(),
    issues: tally.issues(),
    issueCount: tally.issueCount(),
    resources,
    resourcesPerSecond: Math.round(resources / Math.max(durationMs / 1_000, 0.001)),
  };
}

async function sendPhases(ctx: PhaseContext, options: ImportOptions): Promise<number> {
  const { tally, staging } = ctx;
  const settledBefore = tally.settled();
  const total = staging.count();
  let provisional = 0;
  for (const phase of phases) {
    const patients: string[] = [];
    await sendPhase(ctx, phase, options, (entry, answer, fate) => {
      if (entry.member === 'registerPatient') {
        if (fate === 'refused') ctx.refusePatient(String(entry.input['id']));
        else patients.push(String(entry.input['id']));
        if (patients.length > settledSample) patients.shift();
      }
      if (answer.fault === undefined && answer.verdict === 'PROVISIONAL') provisional += 1;
      const done = tally.settled() - settledBefore;
      options.onProgress?.({ stage: phase.name, done, total });
    });
    if (phase.settles && patients.length > 0) await options.sender.settle(patients);
  }
  await options.sender.settle([]);
  return provisional;
}

/** The last patients of an import: when they have arrived, so have those before them. */
const settledSample = 20;

async function sendPhase(
  ctx: PhaseContext,
  { subgraph, entries }: Phase,
  { sender, batchSize = 200, concurrency = 4 }: ImportOptions,
  onSettled: DispatchOptions['onSettled'],
): Promise<void> {
  const how = { sender, tally: ctx.tally, batchSize, concurrency, waitMs, onSettled };
  await dispatch(subgraph, entries(ctx), how);
}
