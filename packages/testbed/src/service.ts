/** A running server that a test may use, until it is stopped. */
export type Service = {
  /** How a client connects, with account and password. */
  readonly url: string;
  /** Where it came from, for the person who reads the log. */
  readonly origin: string;
  /** Ends what was started and removes its files; safe to call twice. */
  stop(): Promise<void>;
};

export type ServiceName = 'postgres' | 'redis' | 'rabbitmq';

/** One way to come by a server: undefined with a reason when it is not open on this machine. */
export type Provider = {
  readonly name: string;
  provide(): Promise<Service | { readonly unavailable: string }>;
};

/**
 * Takes the first provider that can, and otherwise says why each could not.
 *
 * @throws Error naming the service and the reason of every provider
 */
export async function firstAvailable(
  service: string,
  providers: readonly Provider[],
): Promise<Service> {
  const reasons: string[] = [];
  for (const provider of providers) {
    const offer = await provider.provide();
    if ('url' in offer) return once(offer);
    reasons.push(`  ${provider.name}: ${offer.unavailable}`);
  }
  throw new Error(`No ${service} for the tests. What was tried:\n${reasons.join('\n')}`);
}

function once(service: Service): Service {
  let stopped: Promise<void> | undefined;
  return { ...service, stop: () => (stopped ??= service.stop()) };
}
