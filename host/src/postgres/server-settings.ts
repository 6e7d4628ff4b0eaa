/** The settings of the embedded server, given on its command line so that each start uses those of this code. */
import { totalmem } from "node:os";

export interface ServerSettings {
  readonly cluster: string;
  readonly socketDirectory: string;
  readonly socketPort: number;
  readonly connectionsMax: number;
  /** Also listen on 127.0.0.1 with this port. */
  readonly tcpPort?: number | undefined;
}

const MEBIBYTE = 1_048_576;

/** The arguments of `postgres`. */
export function serverArguments(settings: ServerSettings): string[] {
  const values: Readonly<Record<string, string | number>> = {
    listen_addresses: settings.tcpPort === undefined ? "" : "127.0.0.1",
    port: settings.tcpPort ?? settings.socketPort,
    unix_socket_directories: settings.socketDirectory,
    unix_socket_permissions: "0700",
    max_connections: settings.connectionsMax,
    // Durable: an answered commit survives a power cut.
    fsync: "on",
    synchronous_commit: "on",
    full_page_writes: "on",
    shared_buffers: `${sharedBuffersMebibytes(totalmem())}MB`,
    // Inside the data directory: neither does a small /dev/shm matter, nor does a killed server leave anything there.
    dynamic_shared_memory_type: "mmap",
    // Checkpoints rarer than the default: each one makes the next write of every page a full one.
    max_wal_size: "2GB",
    min_wal_size: "128MB",
    checkpoint_timeout: "15min",
    // Nobody replicates from an embedded server.
    wal_level: "minimal",
    max_wal_senders: 0,
    // Short statements on few rows: compiling them or sharing them out costs more than it saves.
    jit: "off",
    max_parallel_workers_per_gather: 0,
    random_page_cost: "1.1",
    // Small tables that change thousands of times a second need vacuum sooner than once a minute.
    autovacuum_naptime: "10s",
    autovacuum_vacuum_cost_limit: 2000,
    timezone: "UTC",
    log_timezone: "UTC",
    lc_messages: "C",
    // An error of a statement is its caller's to tell; the log keeps what concerns the server.
    log_min_messages: "log",
    log_checkpoints: "off",
    log_autovacuum_min_duration: "-1",
  };
  return [
    "-D",
    settings.cluster,
    ...Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
}

/** An eighth of the memory, from 32 MiB to 256 MiB: beyond that an embedded working set gains little. */
function sharedBuffersMebibytes(memoryBytes: number): number {
  return Math.min(256, Math.max(32, Math.floor(memoryBytes / MEBIBYTE / 8)));
}
