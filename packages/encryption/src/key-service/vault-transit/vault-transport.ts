import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isCertificateFault } from '../certificate-fault.ts';
import { KeyServiceError } from '../key-service-error.ts';
import { ServiceUnavailable } from '../retry.ts';

export interface VaultRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface VaultReply {
  readonly status: number;
  /** Parsed JSON; undefined when there is none, or when a failure is not JSON. */
  readonly body: unknown;
}

export interface VaultTransport {
  send(request: VaultRequest): Promise<VaultReply>;
  close(): void;
}

/** 250 keys make some 40 KiB. */
const maxAnswerBytes = 4 * 1024 * 1024;

/**
 * HTTP as Vault needs it, in place of the axios inside node-vault.
 *
 * Threats: a redirect carries the token to another host; an answer never ends; proxy variables of
 * the environment or VAULT_SKIP_VERIFY change the way; NODE_TLS_REJECT_UNAUTHORIZED lets anybody be
 * Vault. Defences: redirects are not followed, time and size are bounded, the environment is not
 * read, and certificates are checked whatever Node's default is.
 *
 * @param ca PEM; in place of the authorities that Node knows
 * @param timeoutMs for a whole call, from connecting to the last byte
 */
export function createVaultTransport(options: {
  readonly timeoutMs: number;
  readonly ca?: string | undefined;
}): VaultTransport {
  const pool = { keepAlive: true, maxSockets: 16, maxFreeSockets: 4 };
  const plain = new HttpAgent(pool);
  const tls = new HttpsAgent({
    ...pool,
    minVersion: 'TLSv1.2',
    // Said in so many words: left out, NODE_TLS_REJECT_UNAUTHORIZED decides.
    rejectUnauthorized: true,
    ...(options.ca !== undefined && { ca: options.ca }),
  });
  return {
    async send(request) {
      const signal = AbortSignal.timeout(options.timeoutMs);
      try {
        const answer = await receive(
          request,
          request.url.protocol === 'https:' ? tls : plain,
          signal,
        );
        return replyOf(answer);
      } catch (error) {
        throw networkFault(error, signal.aborted ? options.timeoutMs : undefined);
      }
    },
    close() {
      plain.destroy();
      tls.destroy();
    },
  };
}

interface Answer {
  readonly message: IncomingMessage;
  readonly text: string;
}

function receive(
  { method, url, headers, body }: VaultRequest,
  agent: HttpAgent | HttpsAgent,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const sent = send(url, {
      method,
      headers: { ...headers, accept: 'application/json' },
      agent,
      signal,
    });
    sent.on('error', reject);
    sent.on('response', (message) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      message.on('error', reject);
      message.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxAnswerBytes) sent.destroy(invalidAnswer('Vault answered too much'));
        else chunks.push(chunk);
      });
      message.on('end', () => {
        const all = Buffer.concat(chunks);
        resolve({ message, text: all.toString('utf8') });
        // Opened keys pass here; the text itself cannot be wiped.
        for (const chunk of [all, ...chunks]) chunk.fill(0);
      });
    });
    if (body !== undefined) sent.setHeader('content-type', 'application/json');
    sent.end(body);
  });
}

function replyOf({ message, text }: Answer): VaultReply {
  const status = message.statusCode ?? 0;
  // What Vault says when it is sealed, standing by, behind, overloaded or failing: only here are
  // the headers at hand. 307 comes from a standby that cannot forward.
  if (status >= 500 || [307, 412, 429, 472, 473].includes(status)) {
    throw new ServiceUnavailable(reasonOf(status), retryAfterMs(message.headers['retry-after']));
  }
  if (status >= 300 && status < 400) {
    const explanation = `Vault redirects (${status}); name the address that it redirects to`;
    throw new KeyServiceError('KEY_SERVICE_MISCONFIGURED', explanation);
  }
  if (text === '') return { status, body: undefined };
  try {
    return { status, body: JSON.parse(text) };
  } catch {
    // The error of JSON.parse quotes the text, which may have opened keys in it.
    if (status < 300) throw invalidAnswer('the answer of Vault is not JSON, or cut off');
    return { status, body: undefined };
  }
}

function reasonOf(status: number): string {
  if (status === 503) return 'Vault is sealed or in maintenance (503)';
  if (status === 429) return 'Vault is throttling us (429)';
  if (status === 412) return 'this node of Vault has not caught up (412)';
  return `Vault does not serve now (${status})`;
}

function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,5}$/.test(header) ? Number(header) * 1000 : undefined;
}

export function invalidAnswer(explanation: string): KeyServiceError {
  return new KeyServiceError('KEY_SERVICE_ANSWER_INVALID', explanation);
}

/** Errors of Node name codes, hosts and ports; only the code is passed on. */
function networkFault(error: unknown, timedOutMs: number | undefined): unknown {
  if (error instanceof KeyServiceError || !(error instanceof Error)) return error;
  if (timedOutMs !== undefined) {
    return new ServiceUnavailable(`Vault did not answer within ${timedOutMs} ms`);
  }
  const code = 'code' in error ? String(error.code) : error.name;
  if (isCertificateFault(code)) {
    const explanation = `the certificate of Vault is not trusted (${code}); see VAULT_CA_FILE`;
    return new KeyServiceError('KEY_SERVICE_MISCONFIGURED', explanation);
  }
  return new ServiceUnavailable(`Vault cannot be reached (${code})`);
}
