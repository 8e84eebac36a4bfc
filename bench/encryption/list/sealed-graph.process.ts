import { z } from 'zod';
import { generateDistrict } from '@caregraph/factory';
import { runChild } from '../../process/child.ts';
import { databaseTargets } from '../../stores/database-targets.ts';
import { createTokens, loadPeople } from '../../stores/load-people.ts';
import { startSealedGraph } from './sealed-graph.ts';

const settingsSchema = z.object({
  directory: z.string(),
  databases: databaseTargets,
  households: z.int(),
  /** Day of the district, the same for both sides. */
  today: z.iso.date(),
  codec: z.enum(['sealed', 'plain']),
});

/** Five subgraphs and the router in this process, with a made-up district, sealed or plain. */
runChild(async (settings) => {
  const { households, today, ...options } = settingsSchema.parse(settings);
  const graph = await startSealedGraph(options);
  const district = generateDistrict({ seed: 'patient list', today, households });
  await loadPeople(graph, district);
  const authorization = await createTokens(graph, district)('hospital-clinician-1');
  const url = await graph.listen();
  return { started: { url, authorization }, stop: graph.stop };
});
