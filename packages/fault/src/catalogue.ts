interface FaultEntry {
  /** HTTP status when the whole request fails with it. */
  readonly status: number;
  /** What happened, for the person who reads it. Never holds data of the request. */
  readonly message: string;
}

/** Every stable error code that CareGraph answers with. docs/errors.md lists the same codes. */
export const faultCatalogue = {
  UNAUTHENTICATED: { status: 401, message: 'A valid access token is required.' },
  TOKEN_MALFORMED: { status: 401, message: 'The access token is not a well-formed JWT.' },
  TOKEN_ALGORITHM_REFUSED: { status: 401, message: 'The access token is not signed with ES256.' },
  TOKEN_SIGNATURE_INVALID: { status: 401, message: 'The signature of the token is not valid.' },
  TOKEN_ISSUER_REFUSED: { status: 401, message: 'The access token comes from another issuer.' },
  TOKEN_AUDIENCE_REFUSED: { status: 401, message: 'The access token is for another audience.' },
  TOKEN_EXPIRED: { status: 401, message: 'The access token has expired.' },
  TOKEN_NOT_YET_VALID: { status: 401, message: 'The access token is not valid yet.' },
  TOKEN_CLAIMS_INVALID: {
    status: 401,
    message: 'The access token lacks claims or has wrong ones.',
  },
  TOKEN_REVOKED: { status: 401, message: 'The access token has been revoked.' },
  TOKEN_BINDING_REFUSED: {
    status: 401,
    message: 'The token is bound to a key or certificate that was not shown.',
  },
  DPOP_PROOF_INVALID: { status: 401, message: 'The DPoP proof does not hold for this request.' },
  ROUTER_CONTEXT_REFUSED: { status: 401, message: 'The router context is not authentic.' },
  FORBIDDEN: { status: 403, message: 'Your role does not permit this.' },
  PURPOSE_REFUSED: { status: 403, message: 'The token does not permit the stated purpose.' },
  BREAK_GLASS_REFUSED: { status: 403, message: 'The grant to open this record does not hold.' },
  DEVICE_MISMATCH: { status: 403, message: 'The operation names another device than the token.' },
  GRAPHQL_PARSE_FAILED: { status: 400, message: 'The document is not valid GraphQL.' },
  GRAPHQL_VALIDATION_FAILED: { status: 400, message: 'The document does not fit the schema.' },
  DOCUMENT_LIMIT_EXCEEDED: { status: 400, message: 'The document is over a limit.' },
  COST_EXCEEDED: { status: 400, message: 'The operation costs more than is allowed at once.' },
  BAD_REQUEST: { status: 400, message: 'The request is not a well-formed GraphQL request.' },
  DOCUMENT_NOT_REGISTERED: {
    status: 400,
    message: 'This client runs registered documents only, and names them by their id.',
  },
  METHOD_NOT_ALLOWED: { status: 405, message: 'This document is run by POST only.' },
  PERSISTED_QUERY_NOT_SUPPORTED: { status: 200, message: 'Persisted queries are not offered.' },
  NOT_FOUND: { status: 404, message: 'There is nothing at this address.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, message: 'The request body must be application/json.' },
  BAD_USER_INPUT: { status: 400, message: 'A value is not of the form that is asked for.' },
  BODY_TOO_LARGE: { status: 413, message: 'The request body is too large.' },
  CURSOR_INVALID: { status: 400, message: 'The cursor does not belong to this list and filter.' },
  PAGE_SIZE_INVALID: { status: 400, message: 'first must be between 1 and 200.' },
  BATCH_TOO_LARGE: { status: 400, message: 'The batch has too many operations.' },
  FORM_REFUSED: { status: 403, message: 'The form does not come from an open page of this site.' },
  RATE_LIMITED: { status: 429, message: 'Too many requests. Try again later.' },
  OPERATION_ID_REUSED: { status: 409, message: 'This operation id was used for another request.' },
  OPERATION_MEMBERS_INVALID: { status: 400, message: 'An entry must set exactly one operation.' },
  OPERATION_NOT_REACHED: {
    status: 409,
    message: 'An earlier operation failed, so this one waits.',
  },
  SCOPE_BEHIND: { status: 503, message: 'An area is not known here yet. Try again shortly.' },
  AUDIT_UNAVAILABLE: {
    status: 503,
    message: 'The access could not be recorded, so it was refused.',
  },
  STORE_UNAVAILABLE: { status: 503, message: 'The database is not available. Try again shortly.' },
  KEYS_UNAVAILABLE: {
    status: 503,
    message: 'The keys of these records cannot be had. Try again shortly.',
  },
  VALUE_UNREADABLE: { status: 500, message: 'A stored value does not open.' },
  SUBGRAPH_UNAVAILABLE: { status: 502, message: 'A part of the graph is not available.' },
  EVENT_REFUSED: { status: 400, message: 'The event does not fit its contract.' },
  DELIVERY_REFUSED: { status: 401, message: 'The event delivery is not authenticated.' },
  DRAINING: { status: 503, message: 'The server is stopping. Try again shortly.' },
  INTERNAL: { status: 500, message: 'Something went wrong on our side.' },
} as const satisfies Record<string, FaultEntry>;

export type FaultCode = keyof typeof faultCatalogue;
