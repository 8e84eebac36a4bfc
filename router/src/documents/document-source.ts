import type { RegisteredOperation } from '@caregraph/schema-registry';

/** The registered documents of every client, as they are at one moment. */
export type DocumentSet = ReadonlyMap<string, ReadonlyMap<string, RegisteredOperation>>;

/** Where the router gets registered documents from. */
export interface DocumentSource {
  /** The documents to start with. @throws when there are none to be had */
  load(): Promise<DocumentSet>;
  /** Tells of every later set. @returns stops telling */
  readonly watch?: (changed: (documents: DocumentSet) => void) => () => void;
}

/** No client has registered documents: clients without the right to free ones run nothing. */
export const noDocuments: DocumentSource = { load: async () => new Map() };

export interface Documents {
  /** A document of a client by its id; undefined when it is not registered for that client. */
  find(client: string, id: string): RegisteredOperation | undefined;
  stop(): void;
}

/** Loads documents and follows their changes: each request sees one whole set, old or new. */
export async function followDocuments(source: DocumentSource): Promise<Documents> {
  let current = await source.load();
  const stop = source.watch?.((documents) => {
    current = documents;
  });
  return {
    find: (client, id) => current.get(client)?.get(id),
    stop: () => stop?.(),
  };
}
