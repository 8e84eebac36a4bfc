import type { BlindIndexer } from './blind-index.ts';
import type { FieldCodec } from './field-codec.ts';
import { isRow, modelOf, type Row, type SealedFields } from './field-map.ts';
import { openAnswer } from './open-rows.ts';
import { createQueryGuard } from './query-guard.ts';
import { planRead, type ReadPlan } from './read-plan.ts';
import { SealError } from './seal-error.ts';
import { createWriteBatch } from './write-batch.ts';
import { createWritePlanner, planWrite } from './write-plan.ts';

/** What Prisma hands to `$allOperations`. The arguments are the extension's own deep copy. */
interface Operation {
  readonly model: string;
  readonly operation: string;
  readonly args: unknown;
  readonly query: (args: unknown) => Promise<unknown>;
  /** Set for `client.card.findUnique(…).person()`: the answer is then the inner row alone. */
  readonly __internalParams?: { readonly dataPath?: readonly string[] };
}

const answersRows = new Set(
  'findUnique findUniqueOrThrow findFirst findFirstOrThrow findMany create createManyAndReturn update updateManyAndReturn upsert delete'.split(
    ' ',
  ),
);

/**
 * The Prisma client extension that seals what is written and opens what is read, in every
 * operation of every model, inside and outside of transactions. Pass it to `$extends`.
 *
 * @param fields the generated map of the store
 * @param codec seals and opens the values of one statement in one call
 * @param blindIndexer computes the tokens of blind index columns
 * @throws SealError from the operation, before it reaches the database
 * @example const prisma = bare.$extends(sealingExtension({ fields, codec, blindIndexer }));
 */
export function sealingExtension(options: {
  readonly fields: SealedFields;
  readonly codec: FieldCodec;
  readonly blindIndexer: BlindIndexer;
}) {
  const { fields, codec, blindIndexer } = options;
  const guard = createQueryGuard(fields);
  const $allOperations = async ({ model, operation, args, query, ...rest }: Operation) => {
    const own: Row = isRow(args) ? args : {};
    const batch = createWriteBatch();
    planWrite(createWritePlanner(fields, guard, batch), model, operation, own);
    const plan = answersRows.has(operation) ? planRead(fields, guard, model, own) : undefined;
    if (!answersRows.has(operation)) refuseInCount(fields, model, operation, own, guard.checkArgs);
    await batch.commit(codec, blindIndexer);
    const answer = await query(own);
    const reached = follow(plan, rest.__internalParams?.dataPath ?? []);
    if (reached !== undefined) await openAnswer(fields.store, codec, reached, answer);
    return answer;
  };
  return { name: 'caregraph-sealing', query: { $allModels: { $allOperations } } };
}

function refuseInCount(
  fields: SealedFields,
  model: string,
  operation: string,
  args: Row,
  checkArgs: (model: string, args: Row) => void,
): void {
  checkArgs(model, args);
  if (operation !== 'count' || !isRow(args['select'])) return;
  for (const [field, chosen] of Object.entries(args['select'])) {
    if (chosen !== true || !Object.hasOwn(modelOf(fields, model).sealed, field)) continue;
    const why = 'a sealed field cannot be used in a count';
    throw new SealError('SEALED_FIELD_NOT_AGGREGATABLE', { model, field }, why);
  }
}

/** `dataPath` is `['select', 'person', …]`: the plan of the row that is answered. */
function follow(plan: ReadPlan | undefined, dataPath: readonly string[]): ReadPlan | undefined {
  let reached = plan;
  for (const [position, name] of dataPath.entries()) {
    if (position % 2 === 0) continue;
    reached = reached?.children.find(([relation]) => relation === name)?.[1];
  }
  return reached;
}
