import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface KmsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What KMS answers in place of a result. */
export class KmsException extends Error {
  readonly type: string;
  readonly status: number;
  constructor(type: string, status = 400) {
    super(`stub: ${type}`);
    this.type = type;
    this.status = status;
  }
}

/** Signature Version 4, as the AWS General Reference describes it. */
export function checkSignature(
  request: IncomingMessage,
  body: string,
  region: string,
  { accessKeyId, secretAccessKey }: KmsCredentials,
): void {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/kms\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const parts = pattern.exec(request.headers.authorization ?? '');
  if (parts === null) throw new KmsException('MissingAuthenticationToken', 403);
  const [, id, date = '', inRegion, signed = '', signature] = parts;
  if (id !== accessKeyId) throw new KmsException('UnrecognizedClientException');
  if (inRegion !== region) throw new KmsException('InvalidSignatureException', 403);
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const names = signed.split(';');
  for (const needed of ['host', 'x-amz-date', 'x-amz-target']) {
    if (!names.includes(needed)) throw new KmsException('IncompleteSignatureException');
  }
  const headers = names.map((name) => `${name}:${String(request.headers[name]).trim()}\n`).join('');
  const canonical = ['POST', '/', '', headers, signed, sha256(body)].join('\n');
  const scope = `${date}/${region}/kms/aws4_request`;
  const toSign = [
    'AWS4-HMAC-SHA256',
    String(request.headers['x-amz-date']),
    scope,
    sha256(canonical),
  ].join('\n');
  const hmac = (key: Buffer | string, text: string) =>
    createHmac('sha256', key).update(text).digest();
  const signingKey = [date, region, 'kms', 'aws4_request'].reduce<Buffer | string>(
    (key, text) => hmac(key, text),
    `AWS4${secretAccessKey}`,
  );
  if (hmac(signingKey, toSign).toString('hex') !== signature) {
    throw new KmsException('InvalidSignatureException');
  }
}
