import type { Command } from 'commander';
import { readEmbeddedConfig } from './config.ts';
import { greeting } from './start/greeting.ts';
import { startEmbedded } from './start/start-embedded.ts';
import { createStopList, stopOnSignals } from './start/stop-signal.ts';

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
        await start();
      } catch (error) {
        await stops.run();
        program.error(error instanceof Error ? error.message : 'it did not start');
      }

      async function start(): Promise<void> {
        const { url, deployment, demo } = await startEmbedded(readEmbeddedConfig(), stops, say);
        await demo?.load(deployment, say);
        console.log(greeting({ url, token: await demo?.token(deployment.tokens, 'clinician') }));
      }
    });
}
