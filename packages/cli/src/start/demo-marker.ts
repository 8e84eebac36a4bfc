import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere } from '@caregraph/files';
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

/** Written beside and renamed, so that a kill never leaves half a marker. */
export async function writeDemoMarker(dataDirectory: string, demo: DemoMarker): Promise<void> {
  await mkdir(dataDirectory, { recursive: true });
  const path = join(dataDirectory, fileName);
  await writeFile(`${path}.new`, `${JSON.stringify(demo)}\n`);
  await rename(`${path}.new`, path);
}
