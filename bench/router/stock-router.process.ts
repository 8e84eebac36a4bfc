import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { z } from 'zod';
import { runChild } from '../process/child.ts';

const settingsSchema = z.object({ supergraph: z.string() });

interface StockContext {
  authorization?: string | undefined;
}

/** The stock gateway as its documentation sets it up, passing the caller's token on. */
runChild(async (settings) => {
  const { supergraph } = settingsSchema.parse(settings);
  const gateway = new ApolloGateway({
    supergraphSdl: supergraph,
    buildService: ({ url }) =>
      new RemoteGraphQLDataSource<StockContext>({
        ...(url === undefined ? {} : { url }),
        willSendRequest({ request, context }) {
          const { authorization } = context;
          if (authorization !== undefined)
            request.http?.headers.set('authorization', authorization);
        },
      }),
  });
  const server = new ApolloServer<StockContext>({ gateway, stopOnTerminationSignals: false });
  const { url } = await startStandaloneServer(server, {
    listen: { host: '127.0.0.1', port: 0 },
    context: async ({ req }) => ({ authorization: req.headers.authorization }),
  });
  return { started: { url }, stop: () => server.stop() };
});
