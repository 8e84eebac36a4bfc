export { createLogger, type Logger, type LogFields, type LogLevel } from './logger.ts';
export {
  createMetrics,
  serveMetrics,
  type Metrics,
  type MetricLabels,
  type Sample,
} from './metrics.ts';
