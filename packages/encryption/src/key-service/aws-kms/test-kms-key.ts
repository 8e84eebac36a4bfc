import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createStrictness, type Json } from '../test-stub-server.ts';
import { KmsException } from './test-kms-signature.ts';

/** A key of KMS: real AES-GCM that authenticates the EncryptionContext. */
export interface KmsKeyState {
  state: string;
  spec: string;
  materials: Buffer[];
  /** How many polls a rotation that is under way still takes; below 0: none is. */
  pendingPolls: number;
}

export const newKmsKey = (): KmsKeyState => ({
  state: 'Enabled',
  spec: 'SYMMETRIC_DEFAULT',
  materials: [randomBytes(32)],
  pendingPolls: -1,
});

const magic = Buffer.from([1, 2, 2, 0, 0x78]);

function encrypt(key: KmsKeyState, plain: Buffer, context: Buffer): string {
  const head = Buffer.concat([magic, Buffer.of(key.materials.length - 1)]);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key.materials.at(-1) ?? '', nonce);
  cipher.setAAD(Buffer.concat([head, context]));
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([head, nonce, text, cipher.getAuthTag()]).toString('base64');
}

function decrypt(key: KmsKeyState, blob: Buffer, context: Buffer): Buffer {
  const material = key.materials[blob[5] ?? 255];
  if (blob.length < 34 || !blob.subarray(0, 5).equals(magic) || material === undefined) {
    throw new KmsException('InvalidCiphertextException');
  }
  const decipher = createDecipheriv('aes-256-gcm', material, blob.subarray(6, 18));
  decipher.setAAD(Buffer.concat([blob.subarray(0, 6), context])).setAuthTag(blob.subarray(-16));
  try {
    return Buffer.concat([decipher.update(blob.subarray(18, -16)), decipher.final()]);
  } catch {
    throw new KmsException('InvalidCiphertextException');
  }
}

/** The operations of KMS as far as the driver uses them. */
export function createKmsOperations(options: {
  readonly key: KmsKeyState;
  readonly keyId: string;
  readonly arn: string;
  readonly violation: (text: string) => never;
  readonly rotationPolls: () => number;
}): Record<string, (body: Json) => Json> {
  const { key, keyId, arn, violation, rotationPolls } = options;
  const { only, decode } = createStrictness(violation);
  const sized = (value: unknown, most: number) => {
    const bytes = decode(value);
    if (bytes.length >= 1 && bytes.length <= most) return bytes;
    return violation('of a length that KMS does not take');
  };
  const checkKeyId = (value: unknown) => {
    if (value !== arn) throw new KmsException('NotFoundException');
    if (key.state !== 'Enabled') throw new KmsException('DisabledException');
  };
  /** Order does not matter to KMS; every pair does. */
  const contextBytes = (value: unknown): Buffer => {
    if (typeof value !== 'object' || value === null) return violation('no EncryptionContext');
    const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    if (!pairs.every(([, text]) => typeof text === 'string')) violation('context is not text');
    return Buffer.from(JSON.stringify(pairs));
  };

  return {
    Encrypt(body) {
      only(body, ['KeyId', 'Plaintext', 'EncryptionContext']);
      checkKeyId(body['KeyId']);
      const context = contextBytes(body['EncryptionContext']);
      return { KeyId: arn, CiphertextBlob: encrypt(key, sized(body['Plaintext'], 4096), context) };
    },
    Decrypt(body) {
      only(body, ['KeyId', 'CiphertextBlob', 'EncryptionContext']);
      checkKeyId(body['KeyId']);
      const context = contextBytes(body['EncryptionContext']);
      const plain = decrypt(key, sized(body['CiphertextBlob'], 6144), context);
      return { KeyId: arn, Plaintext: plain.toString('base64') };
    },
    ReEncrypt(body) {
      only(body, [
        'CiphertextBlob',
        'SourceKeyId',
        'SourceEncryptionContext',
        'DestinationKeyId',
        'DestinationEncryptionContext',
      ]);
      checkKeyId(body['SourceKeyId']);
      checkKeyId(body['DestinationKeyId']);
      const source = contextBytes(body['SourceEncryptionContext']);
      const plain = decrypt(key, sized(body['CiphertextBlob'], 6144), source);
      const destination = contextBytes(body['DestinationEncryptionContext']);
      return { KeyId: arn, SourceKeyId: arn, CiphertextBlob: encrypt(key, plain, destination) };
    },
    DescribeKey(body) {
      only(body, ['KeyId']);
      const known = [arn, keyId, 'alias/caregraph'].includes(String(body['KeyId']));
      if (!known) throw new KmsException('NotFoundException');
      const KeyMetadata = {
        Arn: arn,
        KeyId: keyId,
        KeyState: key.state,
        KeySpec: key.spec,
        KeyUsage: 'ENCRYPT_DECRYPT',
      };
      return { KeyMetadata };
    },
    ListKeyRotations(body) {
      only(body, ['KeyId', 'Marker']);
      checkKeyId(body['KeyId']);
      if (key.pendingPolls >= 0 && key.pendingPolls-- === 0) key.materials.push(randomBytes(32));
      const rotations = key.materials
        .slice(1)
        .map(() => ({ KeyId: arn, RotationType: 'ON_DEMAND' }));
      // Pages of one, so that a driver that reads the first page alone is found out.
      const from = Number(body['Marker'] ?? 0);
      const more = from + 1 < rotations.length;
      return {
        Rotations: rotations.slice(from, from + 1),
        Truncated: more,
        ...(more && { NextMarker: String(from + 1) }),
      };
    },
    RotateKeyOnDemand(body) {
      only(body, ['KeyId']);
      checkKeyId(body['KeyId']);
      if (key.pendingPolls >= 0) throw new KmsException('ConflictException');
      if (key.materials.length > 10) throw new KmsException('LimitExceededException');
      key.pendingPolls = rotationPolls();
      return { KeyId: arn };
    },
  };
}
