/**
 * Finds what a migration script may destroy, or what may make it fail on a table with rows. It reads
 * SQL that Prisma's engine wrote (one statement under each `-- Comment`), not SQL in general.
 *
 * @returns one sentence a danger, empty when there is none
 * @example findDataLoss('ALTER TABLE "bed" DROP COLUMN "label";')
 */
export function findDataLoss(sql: string): string[] {
  const created = new Set([...sql.matchAll(/CREATE TABLE "([^"]+)"/g)].map((match) => match[1]));
  return statementsOf(sql).flatMap((statement) => dangersOf(statement, created));
}

function statementsOf(sql: string): string[] {
  return sql
    .replace(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

function dangersOf(statement: string, created: ReadonlySet<string | undefined>): string[] {
  const dropped = /^DROP TABLE (?:IF EXISTS )?"([^"]+)"/.exec(statement);
  if (dropped) return [`drops table ${dropped[1]} with all its rows`];
  const unique = /^CREATE UNIQUE INDEX "([^"]+)" ON "([^"]+)"/.exec(statement);
  if (unique && !created.has(unique[2])) {
    return [`makes ${unique[1]} unique on ${unique[2]}: fails when rows repeat a value`];
  }
  // The engine removes a value by making the type anew beside the old one.
  const narrowed = /^CREATE TYPE "([^"]+)_new" AS ENUM/.exec(statement);
  if (narrowed) return [`removes values of ${narrowed[1]}: fails when rows still hold them`];
  const altered = /^ALTER TABLE "([^"]+)"\s+(.*)$/s.exec(statement);
  if (!altered) return [];
  return actionsOf(altered[2] ?? '').flatMap((action) => dangersOfAction(altered[1], action));
}

/** Actions of one ALTER TABLE stand on lines of their own. */
function actionsOf(body: string): string[] {
  return body.split(/,\s*\n\s*/).map((action) => action.trim());
}

function dangersOfAction(table: string | undefined, action: string): string[] {
  const [, verb, column] = /^(DROP|ADD|ALTER) COLUMN\s+"([^"]+)"/.exec(action) ?? [];
  if (verb === undefined) return [];
  const name = `${table}.${column}`;
  if (verb === 'DROP') return [`drops column ${name} with all its values`];
  if (verb === 'ADD') {
    const required = /\bNOT NULL\b/.test(action) && !/\bDEFAULT\b/.test(action);
    return required
      ? [`adds ${name} as required without a default: fails when there are rows`]
      : [];
  }
  const dangers: string[] = [];
  // The columns of an enum that loses values follow it: that is told once, with the type.
  if (/SET DATA TYPE|\bTYPE\b/.test(action) && !/\bTYPE "[^"]+_new"/.test(action)) {
    dangers.push(`changes the type of ${name}: values may be cut or refused`);
  }
  if (/SET NOT NULL/.test(action)) {
    dangers.push(`makes ${name} required: fails when a row lacks a value`);
  }
  return dangers;
}
