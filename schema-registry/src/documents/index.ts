export { checkDocuments } from './check-documents.ts';
export { isClientName } from './client-name.ts';
export type { DocumentChange } from './document-changes.ts';
export type { DocumentSource } from './document-source.ts';
export { listManifests, readSourceFolder, shippedDocumentsPath } from './documents-folder.ts';
export { documentIdOf, readManifest, type Manifest, type RegisteredOperation } from './manifest.ts';
export { hasValidSignature, signManifest } from './manifest-signature.ts';
export {
  registerDocuments,
  type DocumentAssessment,
  type Registration,
  type RegistrationOptions,
} from './register-documents.ts';
export { signUnsignedManifests, writeSignature } from './signed-folder.ts';
