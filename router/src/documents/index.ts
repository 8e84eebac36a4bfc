export { documentFolder, type DocumentFolderOptions } from './document-folder.ts';
export { createDocumentHandler, installBodyReader } from './document-handler.ts';
export {
  followDocuments,
  noDocuments,
  type Documents,
  type DocumentSource,
} from './document-source.ts';
export { createDocumentAssessor } from './document-assessment.ts';
export { signedDocuments } from './signed-documents.ts';
