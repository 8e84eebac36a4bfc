import type { MigrationFile } from './store-files.ts';

/** Tables and indexes that someone wrote into migrations by hand, which no schema.prisma names. */
export interface RawObjects {
  readonly tables: ReadonlySet<string>;
  readonly indexes: ReadonlySet<string>;
}

const creation =
  /(^--\s*\w+[^\n]*\n)?^CREATE\s+(?:UNLOGGED\s+)?(TABLE|(?:UNIQUE\s+)?INDEX)\s+(?:CONCURRENTLY\s+)?(?:IF NOT EXISTS\s+)?(?:"?\w+"?\.)?"?(\w+)"?/gim;

/**
 * Finds them by what precedes a statement: the engine writes `-- CreateTable` or `-- CreateIndex`
 * above each of its own. Without this, the next migration would drop them, because the schema does
 * not mention them.
 */
export function findRawObjects(migrations: readonly MigrationFile[]): RawObjects {
  const tables = new Set<string>();
  const indexes = new Set<string>();
  for (const { sql } of migrations) {
    for (const [, comment = '', what = '', name = ''] of sql.matchAll(creation)) {
      const isTable = what.toUpperCase() === 'TABLE';
      const written = isTable ? /^--\s*CreateTable\b/ : /^--\s*CreateIndex\b/;
      const raw = isTable ? tables : indexes;
      if (written.test(comment)) raw.delete(name);
      else raw.add(name);
    }
  }
  return { tables, indexes };
}

/** Takes the drops of raw indexes, and transaction control, out of a script of the engine. */
export function withoutRawDrops(sql: string, raw: RawObjects): string {
  const kept = sql.split(/\n(?=-- \w+)/).filter((block) => {
    const index = /^-- DropIndex\nDROP INDEX (?:"\w+"\.)?"([^"]+)";\s*$/.exec(block)?.[1];
    return index === undefined || !raw.indexes.has(index);
  });
  // A migration is applied whole; a COMMIT inside would break it in two.
  const script = kept.join('\n').replace(/^(BEGIN|COMMIT);\n?/gm, '');
  return script.trim() === '' || script.trim() === '-- This is an empty migration.'
    ? ''
    : `${script.trim()}\n`;
}
