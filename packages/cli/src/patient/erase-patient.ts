import { createInterface } from 'node:readline/promises';
import type { Erasable, ErasureReason } from '@caregraph/erasure';
import { withErasures, type OpenErasures } from './erasure-target.ts';

export interface ErasureWish {
  readonly patientId: string;
  readonly reason: ErasureReason;
  /** Whether the id has to be typed before anything is done. */
  readonly asks: boolean;
}

/**
 * Erases a person after saying what will happen.
 *
 * @returns false when nothing was erased
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
  { erasure, list }: OpenErasures,
  { patientId, reason, asks }: ErasureWish,
  say: (line: string) => void,
): Promise<boolean> {
  const found = await erasure.look(patientId);
  if (found.kind !== 'PERSON') {
    say(refusal(found));
    return false;
  }
  for (const line of announcement(patientId, found.aliases)) say(line);
  if (asks && !(await isConfirmed(patientId))) {
    say('The id was not typed as it is: nothing was erased.');
    return false;
  }
  const outcome = await erasure.erase(patientId, reason);
  if (outcome.kind !== 'ERASED') {
    say(refusal(outcome));
    return false;
  }
  const { certificate } = outcome.entry;
  say(
    `Erased. Backups of the keys expire on ${certificate?.keyBackupsExpireOn ?? 'an unknown day'}.`,
  );
  say(`Certificate: ${list.pathOf(patientId)}`);
  return true;
}

function refusal(found: Exclude<Erasable, { kind: 'PERSON' }>): string {
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
