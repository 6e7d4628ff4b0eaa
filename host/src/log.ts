/** The log of a process: JSON lines by pino, secrets taken out of every line, or one readable line each on a terminal. */
import { pino } from "pino";
import type { DestinationStream, Logger } from "pino";
import { readableLine } from "./log-line.ts";
import { redact } from "./redact.ts";

export type LogFields = Readonly<Record<string, unknown>>;

/** What code that logs needs. Structural: rooms that may not import the host declare the same shape. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  /** The lowest level that is written. @default "info" */
  readonly level?: LogLevel;
  /** One readable line per message instead of JSON, where stdout is a terminal. @default false */
  readonly pretty?: boolean;
  /** Fields of every line, such as the name of the process. */
  readonly fields?: LogFields;
  /** Where lines go. @default stdout */
  readonly destination?: DestinationStream;
}

/** The log of this process: pino's logger, which is a `Log` and what Fastify takes. `child(fields)` adds its fields to every line. */
export type ProcessLog = Logger;

/** A log that writes nothing, for tests and for libraries without one. */
export const SILENT_LOG: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Makes the log of this process. Lines are written synchronously, so that the last one survives a crash. */
export function createLog(options: LogOptions = {}): ProcessLog {
  return pino(
    {
      level: options.level ?? "info",
      base: options.fields ?? {},
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: toldError, err: toldError },
      hooks: { streamWrite: redact },
    },
    options.destination ?? stdout(options.pretty === true),
  );
}

/** An error with its fields and causes; one that is plain data already, as a run's history keeps it, is told as it is. */
function toldError(error: unknown): unknown {
  return error instanceof Error ? pino.stdSerializers.err(error) : error;
}

function stdout(pretty: boolean): DestinationStream {
  if (!pretty || !process.stdout.isTTY) return pino.destination({ fd: 1, sync: true });
  return { write: (line) => process.stdout.write(readableLine(line)) };
}
