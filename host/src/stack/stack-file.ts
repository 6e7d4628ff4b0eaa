/** `stack.json`: where the servers of a stack are, for whoever connects to them. Only its owner may read it, for it holds passwords. */
import { rename, rm, writeFile } from "node:fs/promises";
import { inspectStack } from "./inspect-stack.ts";
import type { StackLayout } from "./stack-layout.ts";

/** Writes those that run now, whoever has started them; where none does there is no file. */
export async function writeStackFile({ root, stackFile }: StackLayout): Promise<void> {
  const running = (await inspectStack(root)).filter(({ state }) => state === "running");
  if (running.length === 0) return rm(stackFile, { force: true });
  const servers = Object.fromEntries(
    running.map(({ name, address, port, pid, version, logFile }) => [
      name,
      { address, port, pid, version, logFile },
    ]),
  );
  const draft = `${stackFile}.draft`;
  await writeFile(draft, `${JSON.stringify({ servers }, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, stackFile);
}
