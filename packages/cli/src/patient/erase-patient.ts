import { createInterface } from 'node:readline/promises';
import type { EarlierErasure, Erasable, ErasureReason } from '@caregraph/erasure';
import { withErasures, type OpenErasures } from './erasure-target.ts';

export interface ErasureWish {
  readonly patientId: string;
  readonly reason: ErasureReason;
  /** Whether the id has to be typed before anything is done. */
  readonly asks: boolean;
}

/**
 * Erases a person after saying what will happen. Of one who was erased already it says so, and
 * completes what is left.
 *
 * @returns false when the person is not erased
 */
export async function erasePatient(
  wish: ErasureWish,
  say: (line: string) => void,
): Promise<boolean> {
  let erased = false;
  await withErasures(async (open) => {
    erased = await eraseFrom(open, wish, say);
  });
  return erased;
}

async function eraseFrom(
  open: OpenErasures,
  { patientId, reason, asks }: ErasureWish,
  say: (line: string) => void,
): Promise<boolean> {
  const { erasure, list } = open;
  const found = await erasure.look(patientId);
  if (found.kind !== 'PERSON') return tellOther(open, found, say);
  const { earlier } = found;
  for (const line of earlier ? reminder(patientId, reason, earlier) : []) say(line);
  if (!earlier?.done) {
    for (const line of announcement(patientId, found.aliases)) say(line);
    if (asks && !(await isConfirmed(patientId))) {
      say('The id was not typed as it is: nothing was erased.');
      return false;
    }
  }
  const outcome = await erasure.erase(patientId, reason);
  if (outcome.kind !== 'ERASED') return tellOther(open, outcome, say);
  const { certificate } = outcome.entry;
  const expiry = certificate?.keyBackupsExpireOn ?? 'an unknown day';
  say(`${earlier?.done ? '' : 'Erased. '}Backups of the keys expire on ${expiry}.`);
  say(`Certificate: ${list.pathOf(patientId)}`);
  return true;
}

/** What was found is not to be erased by itself. @returns whether it was erased all the same */
function tellOther(
  { list }: OpenErasures,
  found: Exclude<Erasable, { kind: 'PERSON' }>,
  say: (line: string) => void,
): boolean {
  if (found.kind !== 'WENT_WITH') {
    say(refusal(found));
    return false;
  }
  const { survivorId, earlier } = found;
  const { reason } = earlier.entry.record;
  if (!earlier.done) {
    say(`This record goes with ${survivorId}, which it was merged into, and whose erasure`);
    say(`is not complete: caregraph patient erase ${survivorId} --reason ${reason}`);
    return false;
  }
  say(`This record was merged into ${survivorId}, and went with it: ${whenAndWhy(earlier)}.`);
  say(`Certificate: ${list.pathOf(survivorId)}`);
  return true;
}

/** What an operator has to know who erases somebody once more. */
function reminder(
  patientId: string,
  reason: ErasureReason,
  earlier: EarlierErasure,
): readonly string[] {
  const { reason: known, state } = earlier.entry.record;
  const was = state === 'COMPLETED' ? 'was' : 'began to be';
  return [
    `${patientId} ${was} erased already: ${whenAndWhy(earlier)}.`,
    ...(reason === known ? [] : [`The reason ${reason} is not taken: ${known} stands.`]),
    earlier.done ? 'Nothing of it is left to do.' : 'What is left of it is to be completed now.',
  ];
}

function whenAndWhy({ entry }: EarlierErasure): string {
  const { requestedAt, reason } = entry.record;
  const { completedAt } = entry.certificate ?? {};
  const end = completedAt === undefined ? 'not completed' : `completed ${completedAt}`;
  return `${reason}, begun ${requestedAt}, ${end}`;
}

function refusal(found: Exclude<Erasable, { kind: 'PERSON' | 'WENT_WITH' }>): string {
  return found.kind === 'UNKNOWN'
    ? 'No store knows this id: nothing was erased.'
    : `This record was merged into ${found.survivorId}, which answers for it: erase that one.`;
}

function announcement(patientId: string, aliases: readonly string[]): readonly string[] {
  return [
    `This erases ${patientId} for good, from every store:`,
    ...aliases.map((id) => `  with it ${id}, a record that was merged into it`),
    '  its keys are destroyed, so that no copy of a store opens what they sealed;',
    '  particulars, identifiers, relationships, visits, prescriptions and all the rest are deleted;',
    '  a household in which nobody else lives is deleted as well, and one that they head loses its label;',
    '  labels of other households, and notes about other people, stay: they may name this person;',
    '  the audit record keeps ids, times and codes, as the law requires;',
    '  devices hear of it when they next synchronise.',
  ];
}

async function isConfirmed(patientId: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Whoever closes the input says no.
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const typed = await Promise.race([terminal.question('Type the id to go on: '), closed]);
  terminal.close();
  return typed.trim() === patientId;
}
