import type { TestProject } from 'vitest/node';
import { openServiceDesk } from './service-desk.ts';
import { dropRunDatabases } from './test-database.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where tests ask for servers; see `serviceUrl`. */
    serviceDesk: string;
    /** Marks the databases of this run, so that two runs on one server never meet. */
    testRun: string;
  }
}

/** Vitest global setup: servers for the whole run, started on demand and stopped at its end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let postgresAsked = false;
  const desk = await openServiceDesk((line) => {
    postgresAsked ||= line.startsWith('postgres ');
    process.stderr.write(`testbed: ${line}\n`);
  });
  const testRun = `cg${process.pid}`;
  project.provide('serviceDesk', desk.url);
  project.provide('testRun', testRun);
  return async () => {
    if (postgresAsked) await dropRunDatabases(desk.url, testRun);
    await desk.close();
  };
}
