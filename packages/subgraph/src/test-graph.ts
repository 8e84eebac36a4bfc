import type pg from 'pg';
import { z } from 'zod';
import type { TokenVerifier } from '@caregraph/access';
import type { DatabasePool } from '@caregraph/database';
import { Fault } from '@caregraph/fault';
import type { SqlSession, TransactionalStore } from '@caregraph/messaging';
import { createTestSubgraph, type TestSubgraph } from '@caregraph/testbed';
import {
  assembleSubgraph,
  createBatchLoader,
  defineOperation,
  territoryHandlers,
  writtenRecord,
  type BatchLoader,
  type Concept,
  type Receipt,
  type RequestContext,
  type Subgraph,
  type SubgraphDependencies,
} from './index.ts';

/** A subgraph with one small concept over a real database, to test what all subgraphs share. */

interface NoteRow {
  readonly id: string;
  readonly patient_id: string;
  readonly text: string;
}

interface NoteContext extends RequestContext {
  readonly notes: BatchLoader<NoteRow>;
}

/** What a test makes happen inside the transaction of a write. */
export interface Sabotage {
  beforeCommit?: ((tx: SqlSession) => Promise<void>) | undefined;
}

/** Secrets that stand for patient data in these tests: none of them may ever leave. */
export const secret = 'Rehana-9876543210';

export interface NoteGraph extends TestSubgraph {
  readonly deps: SubgraphDependencies;
  readonly verifier: TokenVerifier;
  readonly sabotage: Sabotage;
}

/** @param over replaces what the subgraph gets, e.g. a pool that fails */
export async function createNoteGraph(
  over: (deps: SubgraphDependencies) => Partial<SubgraphDependencies> = () => ({}),
): Promise<NoteGraph> {
  const sabotage: Sabotage = {};
  let used: SubgraphDependencies | undefined;
  const graph = await createTestSubgraph('institution', (deps) => {
    used = { ...deps, ...over(deps) };
    return createNoteSubgraph(used, deps.pool, sabotage);
  });
  await graph.pool.query(`CREATE TABLE note (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL,
    text text NOT NULL,
    CONSTRAINT note_text_check CHECK (length(text) < 40),
    CONSTRAINT note_named_check CHECK (text <> 'named'))`);
  if (used === undefined) throw new Error('the subgraph was not created');
  return { ...graph, deps: used, verifier: used.verifier, sabotage };
}

function createNoteSubgraph(
  deps: SubgraphDependencies,
  pool: DatabasePool,
  sabotage: Sabotage,
): Subgraph {
  return assembleSubgraph<NoteContext, SqlSession>(
    {
      name: 'note',
      batchField: 'applyNoteOperations',
      concepts: [noteConcept(pool, sabotage)],
      store: storeOver(pool),
      extendContext: (base) => ({ ...base, notes: noteLoader(pool) }),
      clearLoaders: (ctx) => ctx.notes.clear(),
      constraintProblems: { note_named_check: 'STATE_REFUSED' },
      eventHandlers: {
        'org.caregraph.area.placed.v1': territoryHandlers['org.caregraph.area.placed.v1'],
      },
    },
    deps,
  );
}

function noteConcept(pool: DatabasePool, sabotage: Sabotage): Concept<NoteContext, SqlSession> {
  const find = async (ctx: NoteContext, id: string) => {
    const note = await ctx.notes.find(id);
    if (note) ctx.audit.saw('Note', note.patient_id);
    return note;
  };
  return {
    name: 'note',
    sdl: new URL('test-note.graphql', import.meta.url),
    resolvers: {
      Query: {
        note: (_: unknown, { id }: { id: string }, ctx: NoteContext) => find(ctx, id),
        notesOf: () => [],
        throwing: (_: unknown, { kind }: { kind: string }) => throwing(pool, kind),
        caller: (_: unknown, __: unknown, ctx: NoteContext) => ctx,
        echo: (_: unknown, args: { name: string }) => args,
      },
      Note: {
        __resolveReference: ({ id }: { id: string }, ctx: NoteContext) => find(ctx, id),
      },
      RecordNoteReceipt: {
        note: (receipt: Receipt, _: unknown, ctx: NoteContext) =>
          writtenRecord(receipt, (id) => find(ctx, id)),
      },
    },
    operations: [
      defineOperation({
        name: 'recordNote',
        input: z.object({ id: z.string(), patientId: z.string(), text: z.string().min(1) }),
        async run({ tx, input }) {
          await tx.$executeRawUnsafe(
            'INSERT INTO note (id, patient_id, text) VALUES ($1::uuid, $2::uuid, $3)',
            input.id,
            input.patientId,
            input.text,
          );
          await sabotage.beforeCommit?.(tx);
          const { id, patientId } = input;
          return {
            verdict: 'APPLIED',
            entityId: id,
            version: 1,
            patientId,
            changes: [{ typename: 'Note', entityId: id, version: 1 }],
          };
        },
      }),
    ],
  };
}

/** Faults as they come from where patient data is: all of them quote it. */
async function throwing(pool: DatabasePool, kind: string): Promise<never> {
  if (kind === 'fault') throw new Fault('CURSOR_INVALID', {}, new Error(secret));
  if (kind === 'database') {
    await pool.query('INSERT INTO note VALUES (gen_random_uuid(), NULL, $1)', [secret]);
  }
  if (kind === 'cast') await pool.query('SELECT $1::text::uuid', [secret]);
  if (kind === 'transient') throw Object.assign(new Error(secret), { code: '40P01' });
  // Libraries throw such things, and they must not leave either.
  // eslint-disable-next-line @typescript-eslint/only-throw-error
  if (kind === 'text') throw secret;
  throw Object.assign(new Error(secret), { extensions: { code: secret, patient: secret } });
}

function noteLoader(pool: DatabasePool): BatchLoader<NoteRow> {
  return createBatchLoader(async (ids) => {
    const sql = 'SELECT * FROM note WHERE id = ANY ($1::uuid[])';
    const { rows } = await pool.query<NoteRow>(sql, [ids]);
    return new Map(rows.map((row) => [row.id, row]));
  });
}

/** The engine asks for a transaction of any store; here it is plain pg. */
function storeOver(pool: DatabasePool): TransactionalStore<SqlSession> {
  return {
    async $transaction(run) {
      const client = await pool.connect();
      let broken: Error | undefined;
      // A connection that is killed while it is checked out says so here as well.
      const breaks = (error: Error) => (broken = error);
      client.on('error', breaks);
      try {
        await client.query('BEGIN');
        const result = await run(sessionOf(client));
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((rollback: Error) => (broken = rollback));
        throw error;
      } finally {
        client.off('error', breaks);
        client.release(broken);
      }
    },
  };
}

function sessionOf(client: pg.PoolClient): SqlSession {
  return {
    async $queryRawUnsafe<TRow>(sql: string, ...values: unknown[]) {
      return (await client.query(sql, values)).rows as TRow;
    },
    async $executeRawUnsafe(sql, ...values) {
      return (await client.query(sql, values)).rowCount ?? 0;
    },
  };
}
