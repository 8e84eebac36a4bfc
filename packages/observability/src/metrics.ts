import { createServer, type Server } from 'node:http';
import { Counter, Gauge, Registry } from 'prom-client';

/** Labels that a metric may carry: names of parts and codes, never an id and never data. */
export interface MetricLabels {
  readonly store?: string;
  readonly kind?: string;
  readonly phase?: string;
  readonly code?: string;
  readonly state?: string;
}

export interface Sample {
  readonly labels: MetricLabels;
  readonly value: number;
}

/** Numbers about a process, for Prometheus. The set of labels is closed, as that of log fields is. */
export interface Metrics {
  /**
   * Adds numbers that are read when somebody asks for them.
   *
   * @param name snake case, with its unit, e.g. `caregraph_unwrapped_keys`
   * @param read a fault of it leaves the metric out of this answer, and counts in
   *   `caregraph_metric_read_faults_total`
   */
  observe(name: string, help: string, read: () => Promise<readonly Sample[]>): void;
  /** Adds a counter, or finds the one of this name. @returns what counts one more */
  count(name: string, help: string): (labels: MetricLabels) => void;
  /** The text of all metrics, in the format of Prometheus. */
  render(): Promise<string>;
  readonly contentType: string;
}

const labelNames = ['store', 'kind', 'phase', 'code', 'state'] as const;

/** @example const metrics = createMetrics(); metrics.observe('caregraph_x', 'What x is.', readX); */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counters = new Map<string, Counter>();
  const faults = new Counter({
    name: 'caregraph_metric_read_faults_total',
    help: 'How often a metric, named by kind, could not be read and was left out',
    ...{ labelNames, registers },
  });
  return {
    observe(name, help, read) {
      const gauge = new Gauge({
        ...{ name, help, labelNames, registers },
        async collect() {
          gauge.reset();
          // What cannot be read now has no value; the others are still told.
          const samples = await read().catch(() => {
            faults.inc({ kind: name });
            return [];
          });
          for (const { labels, value } of samples) gauge.set({ ...labels }, value);
        },
      });
    },
    count(name, help) {
      const known = counters.get(name);
      const counter = known ?? new Counter({ name, help, labelNames, registers });
      counters.set(name, counter);
      return (labels) => {
        counter.inc({ ...labels });
      };
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/**
 * Serves metrics on a port of their own, on this machine alone: the port that faces the network has
 * no place for them.
 *
 * @returns the server, listening on 127.0.0.1
 */
export async function serveMetrics(metrics: Metrics, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    metrics.render().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}
