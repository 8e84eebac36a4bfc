/** What must be stopped again, the last first. */
export interface CleanUp {
  add(stop: () => Promise<unknown>): void;
  run(): Promise<void>;
}

/** @example const cleanUp = createCleanUp(); try { cleanUp.add(server.stop); } finally { await cleanUp.run(); } */
export function createCleanUp(): CleanUp {
  const stops: (() => Promise<unknown>)[] = [];
  return {
    add: (stop) => void stops.push(stop),
    async run() {
      for (const stop of stops.splice(0).reverse()) await stop();
    },
  };
}
