const thisMachine = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Whether keys may be sent there.
 *
 * Threat: keys and tokens in plain on the network. Defence: TLS, but on this machine.
 *
 * @param address a parsed URL, or the request that is about to be sent
 */
export function isFitForKeys(address: {
  readonly protocol: string;
  readonly hostname: string;
}): boolean {
  const isLocal = thisMachine.includes(address.hostname);
  return address.protocol === 'https:' || (address.protocol === 'http:' && isLocal);
}

/** @throws TypeError when keys may not be sent there; it does not quote the address */
export function checkFitForKeys(address: string, name: string): void {
  if (URL.canParse(address) && isFitForKeys(new URL(address))) return;
  throw new TypeError(`${name} must be https, or http on this machine.`);
}
