import { test, expect } from 'vitest';
import { createTestSubgraph, type TestSubgraph } from '@caregraph/testbed';
import { createInstitutionSubgraph } from '../../../subgraphs/institution/src/index.ts';
import { createPatientSubgraph } from '../../../subgraphs/patient/src/index.ts';
import { createClinicalSubgraph } from '../../../subgraphs/clinical/src/index.ts';
import { createPrescriptionSubgraph } from '../../../subgraphs/prescription/src/index.ts';
import { demoActors, generateDistrict, loadDistrict } from './index.ts';

test('load', { timeout: 600_000 }, async () => {
  const district = generateDistrict({
    seed: 1,
    today: '2026-11-22',
    households: Number(process.env['HH'] ?? 20),
  });
  const graphs: Record<string, TestSubgraph> = {};
  const consumers = () =>
    ['patient', 'clinical', 'prescription'].map((n) => graphs[n]!.subgraph.consumer);
  graphs['clinical'] = await createTestSubgraph('clinical', createClinicalSubgraph);
  graphs['prescription'] = await createTestSubgraph('prescription', createPrescriptionSubgraph);
  graphs['patient'] = await createTestSubgraph('patient', createPatientSubgraph, consumers);
  graphs['institution'] = await createTestSubgraph(
    'institution',
    createInstitutionSubgraph,
    consumers,
  );
  const tokens = new Map<string, string>();
  const actors = new Map(demoActors(district).map((a) => [a.key, a]));
  const send = async (subgraph: string, actor: string, entries: readonly unknown[]) => {
    const graph = graphs[subgraph]!;
    const who = actors.get(actor)!;
    const key = `${subgraph} ${actor}`;
    if (!tokens.has(key))
      tokens.set(
        key,
        await graph.token({
          id: who.staffId,
          roles: [...who.roles],
          institutionId: who.institutionId,
          areaRoots: [...who.areaRoots],
          purposes: who.purposes,
        }),
      );
    const N = subgraph[0]!.toUpperCase() + subgraph.slice(1);
    const answer = await graph.ask(
      tokens.get(key)!,
      `mutation($operations:[${N}Operation!]!){ r: apply${N}Operations(operations:$operations, stopOnFailure:false){ verdict replayed problems{code field} } }`,
      { operations: entries },
    );
    if (answer.errors.length) console.log(JSON.stringify(answer.errors.slice(0, 3)));
    const r = answer.data?.['r'] as any[];
    for (const [i, x] of (r ?? []).entries())
      if (x && x.problems.length) {
        const m = Object.keys(entries[i] as object).find((k) => k !== 'operation');
        const k = `${m} ${x.verdict} ${x.problems.map((p: any) => p.code + ' ' + p.field).join()}`;
        seen[k] = (seen[k] ?? 0) + 1;
      }
    return r ?? [];
  };
  const seen: Record<string, number> = {};
  const settle = async () => {
    for (const g of Object.values(graphs)) expect(await g.subgraph.settleEvents(60_000)).toBe(true);
  };
  let t = performance.now();
  try {
    let last = '';
    const s = await loadDistrict({
      district,
      send,
      settle,
      onProgress: (p) => {
        if (p.phase !== last) {
          last = p.phase;
          console.log(p, Math.round(performance.now() - t));
        }
      },
    });
    console.log(s, Math.round(performance.now() - t));
    t = performance.now();
    console.log(await loadDistrict({ district, send, settle }), Math.round(performance.now() - t));
  } finally {
    console.log(seen);
    for (const g of Object.values(graphs)) await g.stop();
  }
});
