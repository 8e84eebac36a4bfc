import type { Command } from 'commander';
import { readEmbeddedConfig } from './config.ts';
import { greeting } from './start/greeting.ts';
import { fail } from './fail.ts';
import { startEmbedded } from './start/start-embedded.ts';
import { createStopList, stopOnSignals, type StopList } from './start/stop-signal.ts';

const say = (line: string) => console.error(`caregraph: ${line}`);

/** `caregraph start`: the embedded profile with its demo district, until it is told to stop. */
export function registerStartCommand(program: Command): void {
  program
    .command('start')
    .description('run everything in one process, with made-up people unless DEMO=off')
    .action(async () => {
      const stops = createStopList();
      stopOnSignals(stops, say);
      try {
        await run(stops);
      } catch (error) {
        if (stops.signal.aborted) return;
        await stops.run();
        fail(error);
      }
    });
}

/** Greets as soon as the first households are there; the others follow while it serves. */
async function run(stops: StopList): Promise<void> {
  const { url, deployment, demo } = await startEmbedded(readEmbeddedConfig(), stops, say);
  const greet = async () => {
    const token = await demo?.token(deployment.tokens, 'clinician');
    const signIns = (await demo?.signIns(deployment)) ?? [];
    console.log(greeting({ url, token, signIns }));
  };
  if (demo === undefined) return greet();
  let greeted: Promise<void> | undefined;
  const loading = demo.load(deployment, {
    say,
    signal: stops.signal,
    onOpening: () => void (greeted = greet()),
  });
  // Batches under way end before what they need is stopped; a fault is told by the await below.
  stops.add(() => loading.catch(() => undefined));
  await loading;
  await greeted;
}
