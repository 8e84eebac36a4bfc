import { z } from 'zod';
import type { Deployment } from '@caregraph/deployment';
import {
  demoActors,
  loadDistrict,
  type DemoActor,
  type GeneratedDistrict,
  type LoadSummary,
  type SubgraphName,
} from '@caregraph/factory';

const receipt = z.object({
  verdict: z.string(),
  replayed: z.boolean(),
  problems: z.array(z.object({ code: z.string(), field: z.string().nullable() })),
});

const settleDeadlineMs = 60_000;
const tokenLifetimeS = 3_600;

/** Loads a district through the batch mutations, as its staff would have written it. */
export async function loadPeople(
  deployment: Pick<Deployment, 'subgraphs' | 'tokens' | 'settle'>,
  district: GeneratedDistrict,
): Promise<LoadSummary> {
  const tokenOf = createTokens(deployment, district);
  return loadDistrict({
    district,
    send: async (subgraph, actor, entries) => {
      const { batchField, inputType } = batchOf(subgraph);
      const query = `mutation ($operations: [${inputType}!]!) {
        receipts: ${batchField}(operations: $operations, stopOnFailure: false) {
          verdict replayed problems { code field }
        } }`;
      const answer = await deployment.subgraphs[subgraph].execute({
        method: 'POST',
        headers: { authorization: await tokenOf(actor), 'content-type': 'application/json' },
        search: '',
        body: { query, variables: { operations: entries } },
      });
      const text = answer.body.kind === 'complete' ? answer.body.string : '';
      const schema = z.object({ data: z.object({ receipts: z.array(receipt.nullable()) }) });
      const parsed = schema.safeParse(JSON.parse(text));
      if (!parsed.success) throw new Error(`${subgraph} gave no receipts: ${text.slice(0, 500)}`);
      return parsed.data.data.receipts;
    },
    async settle() {
      if (!(await deployment.settle(settleDeadlineMs))) throw new Error('events did not arrive');
    },
  });
}

function batchOf(subgraph: SubgraphName) {
  const name = subgraph.charAt(0).toUpperCase() + subgraph.slice(1);
  return { batchField: `apply${name}Operations`, inputType: `${name}Operation` };
}

/** An `authorization` header for anybody of a district, minted once each. */
export function createTokens(
  { tokens }: Pick<Deployment, 'tokens'>,
  district: GeneratedDistrict,
): (actor: string) => Promise<string> {
  const actors = new Map(demoActors(district).map((one) => [one.key, one]));
  const minted = new Map<string, Promise<string>>();
  const mint = async (actor: DemoActor) => {
    const { staffId: id, roles, institutionId, areaRoots, purposes } = actor;
    const subject = { id, roles, institutionId, areaRoots, purposes };
    return `Bearer ${await tokens.issue(subject, tokenLifetimeS)}`;
  };
  return (key) => {
    const actor = actors.get(key);
    if (actor === undefined) throw new Error(`nobody in the district is ${key}`);
    const known = minted.get(key) ?? mint(actor);
    minted.set(key, known);
    return known;
  };
}
