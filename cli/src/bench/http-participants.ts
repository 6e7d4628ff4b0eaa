/** The same participants behind HTTP, in a process of their own. They keep an inbox in memory; the engine is what is measured. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { httpTransport } from "@sluice/engine/http";
import type { Transport } from "@sluice/engine";

export interface HttpParticipants {
  readonly transports: readonly Transport[];
  stop(): Promise<void>;
}

export async function startHttpParticipants(): Promise<HttpParticipants> {
  const file = fileURLToPath(new URL("./http-participants.process.ts", import.meta.url));
  // The child ends when its standard input does, so it never outlives us.
  const child = spawn(process.execPath, [file], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const [line] = (await Promise.race([once(child.stdout, "data"), ended.then(() => [""])])) as [
    Buffer | string,
  ];
  const url = String(line).trim();
  if (url === "") throw new Error("the participants' process ended before it listened");
  return {
    transports: ["tickets", "orders"].map((channel) => httpTransport({ channel, url: `${url}/${channel}` })),
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
