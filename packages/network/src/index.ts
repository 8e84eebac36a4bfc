export {
  clientCertificate,
  clientCertificateThumbprint,
  type ClientCertificate,
} from './client-certificate.ts';
export { installDrain, type Drain } from './drain.ts';
export { isLoopback } from './exposure.ts';
export {
  createErrorAnswer,
  type AnswerError,
  type Refusal,
  type WriteError,
} from './error-answer.ts';
export {
  defaultNetworkConfig,
  networkConfigOf,
  networkVariables,
  type NetworkConfig,
  type TlsFiles,
} from './network-config.ts';
export { createNetworkServer, type NetworkServer } from './network-server.ts';
export { listen } from './listen.ts';
export { sourceAddress } from './source-address.ts';
export { stopOnSignals } from './stop-on-signals.ts';
