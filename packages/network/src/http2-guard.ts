import {
  constants,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '@caregraph/clock';
import type { NetworkConfig } from './network-config.ts';

/** How often a peer may do in ten seconds what costs it nothing. */
const pingsPerWindow = 50;
const settingsPerWindow = 20;
const resetsPerWindow = 100;
const windowMs = 10_000;
/** How long a peer may take to read why it is sent away. */
const goodbyeMs = 500;

/** Options of Node's HTTP/2 that bound what a peer can make it hold or do. */
export function http2Limits({ maxHeaders, maxHeaderBytes }: NetworkConfig) {
  return {
    settings: { maxConcurrentStreams: 100, maxHeaderListSize: maxHeaderBytes, enablePush: false },
    /** Megabytes a session may hold: a body of the largest size for a few streams at once. */
    maxSessionMemory: 10,
    // The pseudo-headers count too.
    maxHeaderListPairs: maxHeaders + 4,
    maxSettings: 16,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 50,
    strictFieldWhitespaceValidation: true,
    strictSingleValueFields: true,
  };
}

/**
 * Ends sessions that ask and withdraw, keep the process busy without asking, or sit there silent.
 *
 * Threat: rapid reset (CVE-2023-44487), floods of PING (CVE-2019-9512) and SETTINGS
 * (CVE-2019-9515), half-open sessions.
 */
export function guardSessions(
  server: Http2SecureServer,
  network: NetworkConfig,
  clock: Clock,
): void {
  const endSession = createEnd(server);
  server.on('timeout', (idle: ServerHttp2Session | Socket) => {
    if ('goaway' in idle) endSession(idle, constants.NGHTTP2_NO_ERROR);
    else idle.destroy();
  });
  server.on('session', (session) => {
    const endForFlood = () => endSession(session, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    const silent = setTimeout(
      () => endSession(session, constants.NGHTTP2_NO_ERROR),
      network.headersTimeoutMs,
    );
    silent.unref();
    let streams = 0;
    session.once('close', () => clearTimeout(silent));
    session.on('ping', createBudget(pingsPerWindow, clock, endForFlood));
    session.on('remoteSettings', createBudget(settingsPerWindow, clock, endForFlood));
    const countReset = createBudget(resetsPerWindow, clock, endForFlood);
    session.on('stream', (stream) => {
      clearTimeout(silent);
      stream.once('close', () => {
        if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) countReset();
      });
      streams += 1;
      // Says GOAWAY and lets the streams that are open finish.
      if (streams === network.maxRequestsPerConnection) session.close();
    });
  });
}

/**
 * Threat: Node ends a session only when the peer has taken all that was written, so a peer that
 * reads nothing would keep its connection after all. The socket goes shortly after the session.
 */
function createEnd(server: Http2SecureServer) {
  const sockets = new WeakMap<ServerHttp2Session, Socket>();
  let opening: Socket | undefined;
  // Node makes the session within this event, and gives out only a proxy of its socket.
  server.prependListener('secureConnection', (socket) => (opening = socket));
  server.on('session', (session) => {
    if (opening !== undefined) sockets.set(session, opening);
  });
  return (session: ServerHttp2Session, code: number): void => {
    if (session.destroyed) return;
    session.goaway(code);
    session.destroy();
    setTimeout(() => sockets.get(session)?.destroy(), goodbyeMs).unref();
  };
}

function createBudget(limit: number, clock: Clock, onSpent: () => void): () => void {
  let spent = 0;
  let windowEndsAt = 0;
  return () => {
    const now = clock.now().getTime();
    if (now >= windowEndsAt) {
      windowEndsAt = now + windowMs;
      spent = 0;
    }
    spent += 1;
    if (spent > limit) onSpent();
  };
}

/**
 * Ends a stream whose body takes too long. Under HTTP/1.1 Node does so itself.
 *
 * Threat: a body that trickles holds its stream, and keeps the session from being idle.
 */
export function limitBody(stream: ServerHttp2Stream, timeoutMs: number): void {
  if (stream.endAfterHeaders) return;
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM), timeoutMs);
  timer.unref();
  const done = () => clearTimeout(timer);
  stream.once('end', done).once('close', done);
}
