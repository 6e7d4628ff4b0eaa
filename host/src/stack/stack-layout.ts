/** Where the stack keeps what: a folder for each server, and the file that tells where they are. */
import { join, resolve } from "node:path";
import { systemDirectoryOf } from "../postgres/layout.ts";
import { isReachable } from "../postgres/os-user.ts";
import type { ServerName } from "./server-adapter.ts";

export interface StackLayout {
  readonly root: string;
  readonly lockFile: string;
  /** The addresses, with their passwords, and the process ids of the servers that run. */
  readonly stackFile: string;
  directoryOf(name: ServerName): string;
}

export function stackLayoutOf(dataDirectory: string): StackLayout {
  const root = resolve(dataDirectory);
  return {
    root,
    lockFile: join(root, "sluice.lock"),
    stackFile: join(root, "stack.json"),
    directoryOf: (name) => join(root, name),
  };
}

/** Stands for whichever users the servers run as. */
const ANYBODY = { name: "anybody", uid: -1, gid: -1 };

/** The stack of a project: `<root>/.sluice/stack`. As root, where other users cannot reach that, a folder below /var/lib/sluice. */
export function defaultStackDirectory(root: string): string {
  const inside = join(resolve(root), ".sluice", "stack");
  if (process.getuid?.() !== 0 || isReachable(inside, ANYBODY)) return inside;
  return `${systemDirectoryOf(root)}-stack`;
}
