import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const program = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

const summary = z.object({
  resources: z.int(),
  durationMs: z.number(),
  issueCount: z.int(),
  provisional: z.int(),
  types: z.record(z.string(), z.object({ read: z.int(), taken: z.int() })),
});

export type ImportReport = z.infer<typeof summary>;

/**
 * Runs `caregraph import fhir` as an operator does.
 *
 * @param directory with the key file of the deployment
 * @throws Error with the command's words when it fails
 */
export async function runImport(options: {
  readonly folder: string;
  readonly url: string;
  readonly directory: string;
}): Promise<ImportReport> {
  const { folder, url, directory } = options;
  const report = join(directory, 'import-report.json');
  const parameters = ['import', 'fhir', folder, '--url', `${url}/graphql`, '--quiet'];
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, ...parameters, '--report', report],
    { env: { ...process.env, CAREGRAPH_DATA: directory }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => void (words += chunk.toString()));
  }
  const [code] = await once(child, 'exit');
  if (code !== 0 && code !== 2) throw new Error(`the import ended with ${String(code)}: ${words}`);
  return summary.parse(JSON.parse(await readFile(report, 'utf8')));
}
