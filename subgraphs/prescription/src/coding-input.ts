import { z } from 'zod';

/** A code as another system gave it. It says something: a code or a text. */
export const codingInput = z
  .object({
    system: z.string().trim().max(200).nullish(),
    code: z.string().trim().min(1).max(64).nullish(),
    display: z.string().trim().min(1).max(300).nullish(),
  })
  .refine(({ code, display }) => code != null || display != null);

type CodingInput = z.infer<typeof codingInput>;

/** The columns that keep a coding. */
export function codingColumns(coding: CodingInput | null | undefined) {
  return {
    codingSystem: coding?.system ?? null,
    codingCode: coding?.code ?? null,
    codingDisplay: coding?.display ?? null,
  };
}

/** The coding that a row keeps, or null when it keeps none. */
export function codingOf(row: ReturnType<typeof codingColumns>) {
  const { codingSystem: system, codingCode: code, codingDisplay: display } = row;
  return code === null && display === null ? null : { system, code, display };
}
