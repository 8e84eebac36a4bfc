import { signatureFolder } from '@caregraph/deployment';
import { shippedDocumentsPath } from '@caregraph/schema-registry';
import type { Command } from 'commander';
import { readDocumentConfig, readEmbeddedConfig } from './config.ts';
import { list, register, type Registry } from './documents/register.ts';
import { embeddedSigningKey, readSigningKey } from './documents/signing-key.ts';

const say = (line: string) => console.log(line);

/** `caregraph documents register|list`: what clients may run who send ids instead of documents. */
export function registerDocumentsCommand(program: Command): void {
  const documents = program
    .command('documents')
    .description('register the documents of a client, or list what is registered');
  documents
    .command('register')
    .description('validate, cost and sign the documents of a client, and say what changed')
    .requiredOption('--client <id>', 'client id of the tokens; the id of the partner for a partner')
    .option('-c, --check', 'write nothing; exit with 1 when the manifest would change')
    .argument('[files...]', '.graphql files or a manifest; the folder of the client when left out')
    .action(async (files: string[], options: { client: string; check?: boolean }) => {
      const wish = { client: options.client, files, check: options.check === true };
      if (!(await register(registry(), wish, say))) process.exitCode = 1;
    });
  documents
    .command('list')
    .description('the registered documents with their ids')
    .option('--client <id>', 'only of this client')
    .action(async (options: { client?: string }) => {
      if (!(await list(registry(), options.client, say))) process.exitCode = 1;
    });
}

/** In the embedded profile signatures are no part of the checkout; elsewhere they travel along. */
function registry(): Registry {
  const { DOCUMENTS_DIR, DOCUMENT_SIGNING_KEY_FILE: keyFile } = readDocumentConfig();
  const manifests = DOCUMENTS_DIR ?? shippedDocumentsPath;
  if (keyFile !== undefined) {
    return { manifests, signatures: manifests, key: () => readSigningKey(keyFile) };
  }
  const data = readEmbeddedConfig().CAREGRAPH_DATA;
  return { manifests, signatures: signatureFolder(data), key: () => embeddedSigningKey(data) };
}
