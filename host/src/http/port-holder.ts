/** Who holds a TCP port, as far as this user may look: Linux tells it in /proc, elsewhere and for foreign processes nobody knows. */
import { readFile, readdir, readlink } from "node:fs/promises";

/** The id of the process that listens on a port, or `undefined` where that cannot be seen. */
export async function findPortHolder(port: number): Promise<number | undefined> {
  const inodes = new Set([...(await listeningInodes("tcp", port)), ...(await listeningInodes("tcp6", port))]);
  if (inodes.size === 0) return undefined;
  for (const entry of await list("/proc")) {
    if (/^\d+$/.test(entry) && (await holdsAny(entry, inodes))) return Number(entry);
  }
  return undefined;
}

const LISTEN = "0A";

/** @see proc_net_tcp.txt of the Linux kernel: local address as hex `address:port` in column 1, state in 3, inode in 9 */
async function listeningInodes(table: "tcp" | "tcp6", port: number): Promise<string[]> {
  const text = await readFile(`/proc/net/${table}`, "utf8").catch(() => "");
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return text
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(suffix) === true && columns[3] === LISTEN)
    .flatMap((columns) => columns[9] ?? []);
}

async function holdsAny(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  for (const fd of await list(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

/** A process may end, or belong to somebody else, while we look: then its folder is as good as empty. */
async function list(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
