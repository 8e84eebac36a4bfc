import { diseases } from '@caregraph/guideline';
import type { StoreClient } from '../client.ts';

/**
 * Brings the reference rows to the content that this program carries, in one statement, however
 * often and by however many processes. A code that left the content stays: facts refer to it.
 */
export async function loadDiseases(db: StoreClient): Promise<void> {
  const rows = diseases.entries.map(({ code, chapter, title, translations = {} }) => ({
    code,
    chapter,
    title,
    translations,
  }));
  await db.$executeRawUnsafe(
    `INSERT INTO disease (code, chapter, title, translations, version)
     SELECT code, chapter, title, translations, $2
     FROM jsonb_to_recordset($1::jsonb)
       AS entry (code text, chapter text, title text, translations jsonb)
     ORDER BY code
     ON CONFLICT (code) DO UPDATE SET chapter = EXCLUDED.chapter, title = EXCLUDED.title,
       translations = EXCLUDED.translations, version = EXCLUDED.version
     WHERE (disease.chapter, disease.title, disease.translations, disease.version)
       IS DISTINCT FROM
       (EXCLUDED.chapter, EXCLUDED.title, EXCLUDED.translations, EXCLUDED.version)`,
    JSON.stringify(rows),
    diseases.version,
  );
}
