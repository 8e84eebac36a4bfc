export { startDeployment, type Deployment, type DeploymentOptions } from './deployment.ts';
export { openEmbeddedKeyService } from './embedded-key-service.ts';
export { hasKeys, readOrMakeKeys, type DeploymentKeys } from './key-file.ts';
export { openKeyKeeping, type KeyKeeping } from './key-keeping.ts';
export { embeddedDocuments, signatureFolder } from './embedded-documents.ts';
export { embeddedAudience, embeddedIssuer } from './trust.ts';
