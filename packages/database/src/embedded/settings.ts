import { totalmem } from 'node:os';

/**
 * Command line settings of the embedded server. Durability is not traded for speed: a checkup that
 * was acknowledged must survive the power cut of a village clinic.
 */
export function serverSettings(port: number): string[] {
  const mebibyte = 1024 * 1024;
  const sharedMiB = Math.min(1024, Math.max(128, Math.floor(totalmem() / mebibyte / 8)));
  const settings: Record<string, string> = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    max_connections: '200',
    shared_buffers: `${sharedMiB}MB`,
    effective_cache_size: `${sharedMiB * 3}MB`,
    work_mem: '8MB',
    maintenance_work_mem: '64MB',
    random_page_cost: '1.1',
    jit: 'off',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    max_wal_size: '1GB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Error messages, details and statements can hold a patient's data: the server log gets the
    // server's own life, and what failed is told by the application, which knows what to leave out.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_statement: 'none',
    log_parameter_max_length_on_error: '0',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
