/** The participants behind HTTP, in a process of their own. They keep an inbox in memory; the engine is what is measured. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface HttpParticipants {
  readonly pid: number;
  /** Commands of a channel go to `<url>/<channel>`. */
  readonly url: string;
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
    pid: child.pid ?? 0,
    url,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
