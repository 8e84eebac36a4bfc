import { join } from 'node:path';
import type { Logger } from '@caregraph/observability';
import { documentFolder, type DocumentSource } from '@caregraph/router';
import { shippedDocumentsPath, signUnsignedManifests } from '@caregraph/schema-registry';
import type { DeploymentKeys } from './key-file.ts';

/** Where an embedded deployment keeps the signatures of the manifests that ship with its code. */
export function signatureFolder(dataDirectory: string): string {
  return join(dataDirectory, 'documents');
}

const pollMs = 2_000;

/**
 * The registered documents of the embedded profile: the manifests of the checkout, signed with the
 * deployment's own key where that was not done yet. A manifest that changes while the deployment
 * runs needs a signature by `caregraph documents register`, or a new start.
 *
 * @example await startDeployment({ ..., documents: await embeddedDocuments({ dataDirectory, keys, log }) });
 */
export async function embeddedDocuments(options: {
  readonly dataDirectory: string;
  readonly keys: Pick<DeploymentKeys, 'documentSigning'>;
  readonly log: Logger;
}): Promise<DocumentSource> {
  const { dataDirectory, keys, log } = options;
  const manifests = shippedDocumentsPath;
  const signatures = signatureFolder(dataDirectory);
  const signed = await signUnsignedManifests({ manifests, signatures, key: keys.documentSigning });
  if (signed.length > 0) log.info('manifests signed', { count: signed.length });
  const publicKeys = { keys: [keys.documentSigning.publicJwk] };
  return documentFolder({ manifests, signatures, keys: async () => publicKeys, pollMs, log });
}
