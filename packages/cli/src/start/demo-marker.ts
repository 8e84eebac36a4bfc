import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, replaceFile } from '@caregraph/files';
import { z } from 'zod';

const marker = z.object({
  seed: z.int(),
  households: z.int(),
  /** The day the district was made for: later starts show the same people. */
  today: z.iso.date(),
  loaded: z.boolean(),
});

/** Which demo district a data directory holds. */
export type DemoMarker = z.infer<typeof marker>;

const fileName = 'demo-district.json';

/** Reads the marker; undefined when the directory has no demo district. */
export async function readDemoMarker(dataDirectory: string): Promise<DemoMarker | undefined> {
  const text = await readIfThere(join(dataDirectory, fileName));
  return text === undefined ? undefined : marker.parse(JSON.parse(text));
}

export async function writeDemoMarker(dataDirectory: string, demo: DemoMarker): Promise<void> {
  await mkdir(dataDirectory, { recursive: true });
  await replaceFile(join(dataDirectory, fileName), `${JSON.stringify(demo)}\n`, 0o644);
}
