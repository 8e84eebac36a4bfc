import { medicines, titlesOf } from '@caregraph/guideline';
import type { StoreClient } from '../client.ts';

/** A row of reference data as the table has it. */
interface MedicineRow {
  readonly code: string;
  readonly atc_code: string;
  readonly title: string;
  readonly translations: Readonly<Record<string, string>>;
  readonly search_text: string;
  readonly form: string;
  readonly strength: string;
  readonly unit: string;
  readonly routes: readonly string[];
  readonly content_version: string;
}

/** One row for each form and strength of the guideline's medicines. */
export function medicineRows(): MedicineRow[] {
  return medicines.entries.flatMap((medicine) =>
    medicine.presentations.map((presentation) => ({
      code: presentation.code,
      atc_code: medicine.atc,
      title: medicine.title,
      translations: { ...medicine.translations },
      search_text: [presentation.code, ...titlesOf(medicine)].join('\n').toLowerCase(),
      form: presentation.form,
      strength: presentation.strength,
      unit: presentation.amount.unit,
      routes: presentation.routes,
      content_version: medicines.version,
    })),
  );
}

/**
 * Brings the medicine table up to what the guideline package says. A row that says the same keeps
 * its version; a code that left the list stays, because prescriptions name it.
 */
export async function bringMedicinesUpToDate(db: StoreClient): Promise<void> {
  await db.$executeRawUnsafe(
    `INSERT INTO medicine (code, atc_code, title, translations, search_text, form, strength, unit,
       routes, content_version, version)
     SELECT code, atc_code, title, translations, search_text, form, strength, unit, routes,
       content_version, 1
     FROM jsonb_to_recordset($1::jsonb) AS entry (code text, atc_code text, title text,
       translations jsonb, search_text text, form text, strength text, unit text, routes text[],
       content_version text)
     ORDER BY code
     ON CONFLICT (code) DO UPDATE SET atc_code = EXCLUDED.atc_code, title = EXCLUDED.title,
       translations = EXCLUDED.translations, search_text = EXCLUDED.search_text,
       form = EXCLUDED.form, strength = EXCLUDED.strength, unit = EXCLUDED.unit,
       routes = EXCLUDED.routes, content_version = EXCLUDED.content_version,
       version = medicine.version + 1
     WHERE (medicine.atc_code, medicine.title, medicine.translations, medicine.search_text,
         medicine.form, medicine.strength, medicine.unit, medicine.routes,
         medicine.content_version)
       IS DISTINCT FROM (EXCLUDED.atc_code, EXCLUDED.title, EXCLUDED.translations,
         EXCLUDED.search_text, EXCLUDED.form, EXCLUDED.strength, EXCLUDED.unit, EXCLUDED.routes,
         EXCLUDED.content_version)`,
    JSON.stringify(medicineRows()),
  );
}
