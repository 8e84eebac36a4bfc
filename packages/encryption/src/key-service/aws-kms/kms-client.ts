import { KMSClient } from '@aws-sdk/client-kms';
import { z } from 'zod';
import { checkFitForKeys, isFitForKeys } from '../fit-for-keys.ts';
import { KeyServiceError } from '../key-service-error.ts';

export interface KmsClientOptions {
  readonly region: string;
  /** Left out: as the SDK finds it, by the environment and the region. */
  readonly endpoint?: string | undefined;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxSockets: number;
}

const name = 'The endpoint of AWS KMS';
const outgoing = z.looseObject({ protocol: z.string(), hostname: z.string() });

/**
 * The client of the SDK.
 *
 * Threat: AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL or the configuration file name a plain endpoint,
 * and keys are sent there. Defence: each request is looked at when the SDK has decided where it
 * goes, however it came to it.
 *
 * @throws TypeError when the endpoint is neither https nor on this machine
 */
export function createKmsClient(options: KmsClientOptions): KMSClient {
  const { region, endpoint, credentials, maxSockets } = options;
  if (endpoint !== undefined) checkFitForKeys(endpoint, name);
  const client = new KMSClient({
    region,
    // Tried again by us, so that both services do it alike.
    maxAttempts: 1,
    requestHandler: {
      // Left out, NODE_TLS_REJECT_UNAUTHORIZED decides whether certificates are checked.
      httpsAgent: { keepAlive: true, maxSockets, rejectUnauthorized: true },
    },
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const request = outgoing.safeParse(args.request);
      if (request.success && isFitForKeys(request.data)) return await next(args);
      const explanation = `${name} must be https, or http on this machine`;
      throw new KeyServiceError('KEY_SERVICE_MISCONFIGURED', explanation);
    },
    { name: 'fitForKeys', step: 'finalizeRequest', priority: 'low' },
  );
  return client;
}
