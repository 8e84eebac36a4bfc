import { inject } from 'vitest';
import type { ServiceName } from './service.ts';

/**
 * The URL of a real server for this test run, started now if no test has asked before.
 *
 * @throws Error that says what was tried when this machine cannot have one
 * @example const redis = new Redis(await serviceUrl('redis'));
 */
export function serviceUrl(name: ServiceName): Promise<string> {
  return askDesk(inject('serviceDesk'), name);
}

/** @internal The same for code outside a test. */
export async function askDesk(desk: string, name: ServiceName): Promise<string> {
  const response = await fetch(`${desk}/${name}`);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}
