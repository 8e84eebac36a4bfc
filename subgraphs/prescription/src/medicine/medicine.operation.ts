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
import type { PrescriptionContext } from '../context.ts';
import { fieldVersionsJson } from '../field-versions.ts';
import {
  insertFormularyEntry,
  lockFormularyEntry,
  writeFormularyEntry,
  type FormularyRecord,
} from './formulary.store.ts';

const setFormularyEntryInput = z.object({
  id: z.string(),
  institutionId: z.string(),
  medicineCode: z.string().min(1).max(80),
  active: z.boolean().default(true),
});

type Call = OperationCall<PrescriptionContext, StoreTx, z.infer<typeof setFormularyEntryInput>>;

async function setFormularyEntry(call: Call): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const { scope } = ctx;
  if (!scope.everyInstitution && input.institutionId !== scope.institutionId) {
    return rejected('NOT_FOUND', 'institutionId');
  }
  const fieldVersions = firstFieldVersions(['active'], stamp);
  if (await insertFormularyEntry(tx, { ...input, fieldVersions }, stamp)) {
    const change = { typename: 'FormularyEntry', entityId: input.id, version: 1 };
    return { verdict: 'APPLIED', entityId: input.id, version: 1, changes: [change] };
  }
  const entry = await lockFormularyEntry(tx, input.institutionId, input.medicineCode);
  if (entry === undefined) return rejected('NOT_FOUND', 'medicineCode');
  return changeEntry(call, entry);
}

async function changeEntry({ tx, input, stamp }: Call, entry: FormularyRecord): Promise<Outcome> {
  const merge = mergeFields({
    current: {
      version: entry.version,
      fieldVersions: readFieldVersions(entry.fieldVersions),
      values: { active: entry.active },
    },
    changes: { active: input.active },
    stamp,
    ruleOf: () => 'SERVER_SHOWS',
  });
  const { values, version, fieldVersions } = merge;
  await writeFormularyEntry(tx, entry.id, {
    ...values,
    version,
    fieldVersions: fieldVersionsJson(fieldVersions),
  });
  return mergedOutcome(merge, { typename: 'FormularyEntry', entityId: entry.id });
}

export const medicineOperations: readonly Operation<PrescriptionContext, StoreTx>[] = [
  defineOperation({
    name: 'setFormularyEntry',
    input: setFormularyEntryInput,
    run: setFormularyEntry,
  }),
];
