import type { StoreName } from '@caregraph/database';
import type { Canaries } from './test-canary-texts.ts';
import type { Step } from './test-canary-world.ts';
import { writeOne, type Written } from './test-canary-writes.ts';
import type { JourneyStack } from './test-stack.ts';

const stores = ['patient', 'clinical', 'prescription', 'institution'] as const;
const name = 'refused_by_canary_test';

/** Ways in which a database refuses a row; each tells of the whole row in its own log. */
const refusals = {
  // A fault that the stores know, with the row in its details.
  constraint: {
    begin: (table: string) =>
      `ALTER TABLE "${table}" ADD CONSTRAINT ${name} CHECK (false) NOT VALID`,
    end: (table: string) => `ALTER TABLE "${table}" DROP CONSTRAINT ${name}`,
  },
  // One that nobody expects, with the row in its message.
  trigger: {
    begin: (table: string) => `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN RAISE EXCEPTION 'refused: %', NEW; END $$;
      CREATE TRIGGER ${name} BEFORE INSERT OR UPDATE ON "${table}"
      FOR EACH ROW EXECUTE FUNCTION ${name}()`,
    end: (table: string) => `DROP TRIGGER ${name} ON "${table}"`,
  },
};

/**
 * Has the stores refuse every row with a sealed field, so that the server's log tells of whole rows
 * and of the statements that wrote them. What an operation leaves behind of itself is still taken.
 */
export async function writeRefused(
  stack: JourneyStack,
  canaries: Canaries,
  steps: () => readonly Step[],
): Promise<readonly Written[]> {
  const written: Written[] = [];
  const tables = (await Promise.all(stores.map((store) => sealedTables(stack, store)))).flat();
  const change = async (sql: (table: string) => string) => {
    for (const { store, table } of tables) await stack.deployment.pools[store].query(sql(table));
  };
  for (const { begin, end } of Object.values(refusals)) {
    await change(begin);
    try {
      for (const step of steps()) written.push(await writeOne(stack, canaries, step));
    } finally {
      await change(end);
    }
  }
  return written;
}

interface Table {
  readonly store: StoreName;
  readonly table: string;
}

async function sealedTables(stack: JourneyStack, store: StoreName): Promise<Table[]> {
  const { rows } = await stack.deployment.pools[store].query<{ table: string }>(
    `SELECT DISTINCT table_name AS table FROM information_schema.columns
     WHERE table_schema = 'public' AND data_type = 'bytea' AND table_name <> 'operation_record'`,
  );
  return rows.map(({ table }) => ({ store, table }));
}

/** Puts one sealed value of a person in the place of another, where it does not open. */
export async function readUnreadable(stack: JourneyStack, patientId: string) {
  await stack.deployment.pools.patient.query('UPDATE patient SET address = phone WHERE id = $1', [
    patientId,
  ]);
  const query = 'query ($id: UUID!) { patient(id: $id) { name address phone } }';
  return stack.ask('hospital-clinician-1', query, { id: patientId });
}
