import { z } from 'zod';
import {
  defineOperation,
  firstFieldVersions,
  mergedOutcome,
  mergeFields,
  readFieldVersions,
  rejected,
  type Operation,
  type OperationCall,
  type Outcome,
} from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { InstitutionContext } from '../context.ts';
import { areasOnTheWay, insertArea, lockArea, writeArea, type AreaRecord } from './area.store.ts';

const kinds = ['COUNTRY', 'STATE', 'DISTRICT', 'BLOCK', 'VILLAGE'] as const;
const aboveDistricts: ReadonlySet<string> = new Set(['COUNTRY', 'STATE']);
const name = z.string().trim().min(1).max(200);
const code = z.string().trim().min(1).max(40);
const timeZone = z.string().max(60).refine(isTimeZone);

const registerAreaInput = z.object({
  id: z.string(),
  kind: z.enum(kinds),
  name,
  code: code.nullish(),
  parentId: z.string().nullish(),
  timeZone,
});

const updateAreaInput = z.object({
  id: z.string(),
  name: name.optional(),
  code: code.nullish(),
  timeZone: timeZone.optional(),
});

/** The list of the runtime lacks aliases in use, so the runtime is asked to take the name. */
function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

type Call<TInput> = OperationCall<InstitutionContext, StoreTx, TInput>;

/** The tree belongs to the platform: an institution's administrator does not redraw it. */
async function registerArea(call: Call<z.infer<typeof registerAreaInput>>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  if (!ctx.scope.everyInstitution) return rejected('NOT_FOUND', 'parentId');
  const parent = input.parentId ? await lockArea(tx, input.parentId) : undefined;
  if (input.parentId && !parent) return rejected('REFERENCE_NOT_FOUND', 'parentId');
  if (parent && kinds.indexOf(input.kind) <= kinds.findIndex((kind) => kind === parent.kind)) {
    return rejected('INPUT_INVALID', 'kind');
  }
  const ancestors = [...(parent?.ancestors ?? []), input.id];
  const fieldVersions = firstFieldVersions(['name', 'code', 'timeZone'], stamp);
  const districtId = await districtOf(tx, input.id, parent);
  const { code: official = null, parentId = null, ...rest } = input;
  const area = { ...rest, code: official, parentId, ancestors, fieldVersions };
  await insertArea(tx, area, stamp);
  return {
    verdict: 'APPLIED',
    entityId: input.id,
    version: 1,
    changes: [{ typename: 'Area', entityId: input.id, version: 1, areaAfter: input.id }],
    events: [areaPlaced(input.id, ancestors, districtId)],
  };
}

async function updateArea(call: Call<z.infer<typeof updateAreaInput>>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const area = ctx.scope.everyInstitution ? await lockArea(tx, input.id) : undefined;
  if (area === undefined) return rejected('NOT_FOUND', 'id');
  const { id, ...changes } = input;
  const merge = mergeFields({
    current: { ...area, fieldVersions: readFieldVersions(area.fieldVersions), values: named(area) },
    changes,
    stamp,
    ruleOf: () => 'SERVER_SHOWS',
  });
  const { values, version, fieldVersions } = merge;
  await writeArea(tx, id, { ...values, version, fieldVersions });
  const place = { typename: 'Area', entityId: id, areaBefore: id, areaAfter: id };
  return mergedOutcome(merge, place);
}

function named({ name: called, code: official, timeZone: zone }: AreaRecord) {
  return { name: called, code: official, timeZone: zone };
}

/**
 * The district that an area lies in: the first on the way from the root that is a district or
 * smaller, since some places have no districts. An area above districts stands for itself.
 */
async function districtOf(
  tx: StoreTx,
  areaId: string,
  parent: AreaRecord | undefined,
): Promise<string> {
  const above = parent === undefined ? [] : await areasOnTheWay(tx, parent.ancestors);
  return above.find(({ kind }) => !aboveDistricts.has(kind))?.id ?? areaId;
}

function areaPlaced(areaId: string, ancestors: string[], districtId: string) {
  const type = 'org.caregraph.area.placed.v1' as const;
  return { type, subject: areaId, data: { areaId, ancestors, districtId, version: 1 } };
}

export const areaOperations: readonly Operation<InstitutionContext, StoreTx>[] = [
  defineOperation({ name: 'registerArea', input: registerAreaInput, run: registerArea }),
  defineOperation({ name: 'updateArea', input: updateAreaInput, run: updateArea }),
];
