import { z } from 'zod';

/** A code of another system, as it came. */
export const codingInput = z.object({
  system: z.string().trim().min(1).max(200),
  code: z.string().trim().min(1).max(100),
  display: z.string().max(500).nullish(),
});

/** The columns in which rows keep a code of another system. */
export interface CodedRow {
  readonly codingSystem: string | null;
  readonly codingCode: string | null;
  readonly codingDisplay: string | null;
}

/** The code that another system gave, where it gave one. */
export function codingOf({ codingSystem, codingCode, codingDisplay }: CodedRow) {
  if (codingSystem === null || codingCode === null) return null;
  return { system: codingSystem, code: codingCode, display: codingDisplay };
}
