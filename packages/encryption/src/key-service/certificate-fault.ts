/** Whether a code of Node says that TLS failed: the certificate or the protocol, not the network. */
export function isCertificateFault(code: string): boolean {
  return /CERT|SIGNATURE|ERR_TLS|ERR_SSL|EPROTO/.test(code);
}
