import { createServer, type IncomingMessage } from 'node:http';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse, type GraphQLSchema } from 'graphql';
import { z } from 'zod';
import { runChild } from '../process/child.ts';
import { listenLocally } from '../process/listen-locally.ts';
import { fixtureSubgraphs } from './fixture-graph.ts';

const settingsSchema = z.object({ authorization: z.string() });
const bodySchema = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

/**
 * Serves the fixture subgraphs, each under its own path. The first answer to a request is worked
 * out by GraphQL and kept: from then on the subgraphs cost next to nothing, so that the routers in
 * front of them are what is measured. A request without the caller's token gets none.
 */
runChild(async (settings) => {
  const { authorization } = settingsSchema.parse(settings);
  const schemas = new Map(
    Object.entries(fixtureSubgraphs).map(([name, { sdl, resolvers }]) => [
      `/${name}`,
      buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers }]),
    ]),
  );
  const answers = new Map<string, string>();

  async function answer(path: string, body: string): Promise<string> {
    const key = `${path} ${body}`;
    const known = answers.get(key);
    if (known !== undefined) return known;
    const text = await execute(schemas.get(path), body);
    if (answers.size < 1_000) answers.set(key, text);
    return text;
  }

  const server = createServer((request, response) => {
    const allowed = request.headers.authorization === authorization;
    const reply = (status: number, text: string) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    if (!allowed) return void reply(401, '{"errors":[{"message":"no token came along"}]}');
    readBody(request)
      .then((body) => answer(request.url ?? '', body))
      .then(
        (text) => reply(200, text),
        (error: unknown) => reply(500, JSON.stringify({ errors: [{ message: String(error) }] })),
      );
    return undefined;
  });
  return listenLocally(server);
});

async function execute(schema: GraphQLSchema | undefined, body: string): Promise<string> {
  if (schema === undefined) throw new Error('no such subgraph');
  const { query, variables, operationName } = bodySchema.parse(JSON.parse(body));
  const result = await graphql({
    schema,
    source: query,
    variableValues: variables ?? {},
    operationName: operationName ?? null,
  });
  return JSON.stringify(result);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}
