import type { DatabaseTarget } from '../target.ts';
import { withClient } from './scratch-database.ts';

/** Every schema object of a database by name, with its definition as PostgreSQL writes it. */
export type Catalogue = ReadonlyMap<string, string>;

/**
 * What Prisma does not see (checks, partial and expression indexes, triggers, functions, row
 * security) counts here too. Left out: system objects, what belongs to an extension, partitions
 * (jobs make and drop them) and Prisma's own table.
 */
const catalogueSql = `
WITH own_schema AS (
  SELECT oid, nspname FROM pg_namespace
  WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
),
extension_member AS (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
),
own_class AS (
  SELECT c.oid, c.relkind, c.relrowsecurity, format('%I.%I', s.nspname, c.relname) AS name
  FROM pg_class c JOIN own_schema s ON s.oid = c.relnamespace
  WHERE NOT c.relispartition AND c.relname <> '_prisma_migrations'
    AND NOT EXISTS (SELECT FROM extension_member m
                    WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
),
own_table AS (SELECT * FROM own_class WHERE relkind IN ('r', 'p', 'f'))
SELECT 'table ' || name AS object,
       CASE WHEN relrowsecurity THEN 'with row security' ELSE 'plain' END AS definition
FROM own_table
UNION ALL
SELECT format('column %s.%I', t.name, a.attname),
       concat_ws(' ', format_type(a.atttypid, a.atttypmod),
         CASE WHEN a.attnotnull THEN 'not null' END,
         CASE WHEN a.attgenerated <> '' THEN 'generated' WHEN d.oid IS NOT NULL THEN 'default' END,
         pg_get_expr(d.adbin, d.adrelid),
         nullif('identity ' || a.attidentity::text, 'identity '),
         (SELECT 'collate ' || collname FROM pg_collation
          WHERE oid = a.attcollation AND collname <> 'default'))
FROM own_table t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
UNION ALL
SELECT format('constraint %I on %s', c.conname, t.name), pg_get_constraintdef(c.oid)
FROM own_table t JOIN pg_constraint c ON c.conrelid = t.oid
WHERE c.contype IN ('c', 'f', 'p', 'u', 'x')
UNION ALL
SELECT 'index ' || i.name,
       pg_get_indexdef(i.oid) || CASE WHEN x.indisvalid THEN '' ELSE ' (invalid)' END
FROM own_class i JOIN pg_index x ON x.indexrelid = i.oid JOIN own_table t ON t.oid = x.indrelid
WHERE i.relkind IN ('i', 'I')
UNION ALL
SELECT 'view ' || name, pg_get_viewdef(oid) FROM own_class WHERE relkind IN ('v', 'm')
UNION ALL
SELECT 'sequence ' || c.name, format('%s from %s by %s', format_type(q.seqtypid, NULL), q.seqstart,
                                     q.seqincrement)
FROM own_class c JOIN pg_sequence q ON q.seqrelid = c.oid
UNION ALL
SELECT format('trigger %I on %s', g.tgname, t.name),
       pg_get_triggerdef(g.oid) || ' ' || g.tgenabled::text
FROM own_table t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
UNION ALL
SELECT format('policy %I on %s', p.polname, t.name),
       concat_ws(' ', p.polcmd::text, pg_get_expr(p.polqual, p.polrelid),
                 pg_get_expr(p.polwithcheck, p.polrelid))
FROM own_table t JOIN pg_policy p ON p.polrelid = t.oid
UNION ALL
SELECT format('type %I.%I', s.nspname, y.typname),
       (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder)
        FROM pg_enum e WHERE e.enumtypid = y.oid)
FROM pg_type y JOIN own_schema s ON s.oid = y.typnamespace
WHERE y.typtype = 'e' AND NOT EXISTS (SELECT FROM extension_member m
  WHERE m.classid = 'pg_type'::regclass AND m.objid = y.oid)
UNION ALL
SELECT format('function %I.%I(%s)', s.nspname, f.proname, pg_get_function_identity_arguments(f.oid)),
       pg_get_functiondef(f.oid)
FROM pg_proc f JOIN own_schema s ON s.oid = f.pronamespace
WHERE f.prokind IN ('f', 'p') AND NOT EXISTS (SELECT FROM extension_member m
  WHERE m.classid = 'pg_proc'::regclass AND m.objid = f.oid)
UNION ALL
SELECT 'extension ' || extname, 'installed' FROM pg_extension WHERE extname <> 'plpgsql'
ORDER BY 1`;

/** Reads all schema objects of a database. */
export async function readCatalogue(target: DatabaseTarget): Promise<Catalogue> {
  return withClient(target, async (client) => {
    // Definitions leave out schemas that are on the search path: the same path, the same text.
    await client.query('SET search_path TO public');
    const { rows } = await client.query<{ object: string; definition: string }>(catalogueSql);
    return new Map(rows.map(({ object, definition }) => [object, definition]));
  });
}

/** One schema object that is not as the migrations made it. */
export interface SchemaChange {
  readonly kind: 'missing' | 'unexpected' | 'changed';
  /** Such as `column public.bed.label` or `constraint bed_label_check on public.bed`. */
  readonly object: string;
  readonly expected?: string;
  readonly found?: string;
}

/** What differs between the schema that migrations make and the one that is there. */
export function compareCatalogues(expected: Catalogue, found: Catalogue): SchemaChange[] {
  const changes: SchemaChange[] = [];
  for (const [object, definition] of expected) {
    const there = found.get(object);
    if (there === undefined) changes.push({ kind: 'missing', object, expected: definition });
    else if (there !== definition) {
      changes.push({ kind: 'changed', object, expected: definition, found: there });
    }
  }
  for (const [object, definition] of found) {
    if (!expected.has(object)) changes.push({ kind: 'unexpected', object, found: definition });
  }
  return changes;
}
