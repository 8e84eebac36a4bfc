import { createTokenIssuer, type Purpose, type Role } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { embeddedAudience, embeddedIssuer, readOrMakeKeys } from '@caregraph/deployment';
import { importInstitutionId, unkeyedIds, type RecordIds } from '@caregraph/fhir-import';
import { z } from 'zod';
import { readEmbeddedConfig } from './config.ts';

/** Who imports, and how they prove it. */
export interface ImportAccess {
  /** A bearer token; a new one when the last is not accepted any more. */
  token(): Promise<string>;
  /** Subject of the tokens. */
  readonly actorId: string;
  /** The name under which the actor is registered as staff; undefined for someone who is. */
  readonly importerName?: string;
}

/**
 * The importer may write history under other people's names; that its institutions may be any, and
 * that nobody is its patient by institution, comes with the platform's scope.
 */
const roles: readonly Role[] = ['importer', 'platform_admin'];
const purposes: readonly [Purpose, ...Purpose[]] = ['care_coordination', 'administration'];
const claims = z.object({ sub: z.string().min(1) });

/** What an import needs access for. */
export interface AccessWish {
  /** A token of another identity provider. */
  readonly given?: string | undefined;
  /** The area that people are imported into; left out to look for one. */
  readonly areaId?: string | undefined;
  /** The namespace of the source's ids. */
  readonly source: string;
  /** Makes the id of the importer's institution. */
  readonly ids: RecordIds;
}

/**
 * The access of an import.
 *
 * Without a token of its own it signs with the key of the embedded deployment on this machine,
 * which only the account that runs it can read.
 *
 * @param wish what the import asks for
 */
export async function accessFor(
  purpose: 'import',
  { given, areaId, source, ids }: AccessWish,
): Promise<ImportAccess> {
  if (given !== undefined) return { token: async () => given, actorId: subjectOf(given) };
  const { tokenSigning } = await readOrMakeKeys(readEmbeddedConfig().CAREGRAPH_DATA);
  const issuer = createTokenIssuer({
    key: tokenSigning,
    issuer: embeddedIssuer,
    audience: embeddedAudience,
    clientId: purpose,
    documents: 'free',
    clock: systemClock,
    ids: createIdSource(systemClock),
  });
  // Whatever the source and the key, it is one importer.
  const actorId = unkeyedIds.of('Staff', `caregraph ${purpose}`);
  const institutionId = importInstitutionId(ids, source);
  const areaRoots = areaId === undefined ? [] : [areaId];
  const subject = { id: actorId, roles, purposes, institutionId, areaRoots };
  return { actorId, importerName: 'FHIR import', token: () => issuer.issue(subject) };
}

/** Reads the subject without verifying: the server does that, and here it only names the actor. */
function subjectOf(token: string): string {
  const [, payload = ''] = token.split('.');
  try {
    return claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).sub;
  } catch (error) {
    throw new Error('The token is not a JWT.', { cause: error });
  }
}
