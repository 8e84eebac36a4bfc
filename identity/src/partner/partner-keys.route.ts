import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { PartnerKeys } from './partner-keys.ts';

const maxBytes = 16_384;
const path = z.object({ partnerId: z.uuid() });

/** `PUT <prefix>/partner/:partnerId/keys`: a partner's system replaces its own keys. */
export async function installPartnerKeys(
  app: FastifyInstance,
  prefix: string,
  keys: PartnerKeys,
): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    const options = { parseAs: 'string', bodyLimit: maxBytes } as const;
    scope.addContentTypeParser('application/jwt', options, (_request, body, done) =>
      done(null, body),
    );
    scope.put(`${prefix}/partner/:partnerId/keys`, async (request, reply) => {
      const named = path.safeParse(request.params);
      const statement = typeof request.body === 'string' ? request.body : '';
      const done = named.success && (await keys.rotate(named.data.partnerId, statement));
      // One answer for every refusal: it does not tell which partners there are.
      if (!done) return reply.code(401).send({ error: 'invalid_client' });
      return reply.code(204).send();
    });
  });
}
