import { hasKeys, refuseLostKeys } from '@caregraph/deployment/key-file';
import { readEmbeddedConfig } from './config.ts';

/**
 * The data of the embedded deployment, for work on one that is there.
 *
 * Threat: CAREGRAPH_DATA is mistyped, and an empty deployment is made there and worked on. Defence:
 * nothing is made.
 *
 * @throws Error where there is none, or its keys are lost
 */
export async function embeddedData(): Promise<string> {
  const { CAREGRAPH_DATA: data } = readEmbeddedConfig();
  if (await hasKeys(data)) return data;
  await refuseLostKeys(data);
  const hint =
    'name its folder with CAREGRAPH_DATA, or the stores of a full one with DATABASE_URL_PATIENT and its siblings';
  throw new Error(`There is no embedded deployment in ${data}: ${hint}.`);
}
