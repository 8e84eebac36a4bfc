import type { FastifyInstance } from 'fastify';
import type { AnswerError } from './error-answer.ts';

export interface Drain {
  readonly isDraining: () => boolean;
  /** Refuses new requests and waits for those in flight, at most `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
}

/**
 * Lets a stopping process finish what it began: requests in flight get their answer, new ones get
 * 503 and the connection closes after it, so that a load balancer turns to another instance.
 *
 * @example const { drain } = installDrain(app, answerError); await drain(10_000);
 */
export function installDrain(app: FastifyInstance, answerError: AnswerError): Drain {
  let draining = false;
  let inFlight = 0;
  let emptied: () => void = () => {};

  app.addHook('onRequest', async (request, reply) => {
    if (draining && request.routeOptions.url !== '/healthz') {
      reply.header('connection', 'close');
      if (request.routeOptions.url !== '/ready') {
        return answerError(request, reply, { code: 'DRAINING' });
      }
    }
    inFlight += 1;
    // `close` also comes when the client went away, where onResponse would not.
    reply.raw.once('close', () => {
      inFlight -= 1;
      if (inFlight === 0) emptied();
    });
    return undefined;
  });

  return {
    isDraining: () => draining,
    async drain(timeoutMs) {
      draining = true;
      if (inFlight === 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        emptied = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}
