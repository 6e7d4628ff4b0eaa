/** Where one server keeps what: one folder, with everything that belongs to it inside. */
import { join, resolve } from "node:path";
import type { ServerAdapter } from "./server-adapter.ts";

export interface ServerLayout {
  readonly root: string;
  /** The part that belongs to its process. */
  readonly home: string;
  readonly lockFile: string;
  /** Written by the process itself before it becomes the server. */
  readonly pidFile: string;
  /** How it was started last. */
  readonly recordFile: string;
  readonly secretFile: string;
  readonly logFile: string;
}

export function serverLayoutOf({ name, homeOf }: ServerAdapter, directory: string): ServerLayout {
  const root = resolve(directory);
  return {
    root,
    home: homeOf(root),
    lockFile: join(root, "sluice.lock"),
    pidFile: join(root, "server.pid"),
    recordFile: join(root, "server.json"),
    secretFile: join(root, "secret"),
    logFile: join(root, "log", `${name}.log`),
  };
}
