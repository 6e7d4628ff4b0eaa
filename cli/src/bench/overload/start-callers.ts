/** The parent's side: the callers' process, as an object that offers one load after another. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BenchFlow } from "../flow/bench-flow.ts";
import type { OfferWatch } from "./offer-load.ts";
import type { Offered, OfferedLoad } from "./offered.ts";

export type CallersRequest =
  | { readonly ask: "offer"; readonly url: string; readonly flow: BenchFlow; readonly load: OfferedLoad }
  | { readonly ask: "abort" };

export type CallersMessage =
  { readonly window: "opened" | "closed" } | { readonly offered: Offered } | { readonly error: string };

export interface Callers {
  readonly pid: number;
  /** One at a time. */
  offer(load: OfferedLoad, watch: OfferWatch): Promise<Offered>;
  close(): Promise<void>;
}

export function startCallers(url: string, flow: BenchFlow): Callers {
  const file = fileURLToPath(new URL("./callers.process.ts", import.meta.url));
  const child = fork(file, { serialization: "advanced", stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ended = once(child, "exit");
  const send = (request: CallersRequest): void => void child.send(request, () => {});
  return {
    pid: child.pid ?? 0,
    offer: (load, watch) =>
      new Promise<Offered>((resolve, reject) => {
        const abort = (): void => send({ ask: "abort" });
        const over = (): void => {
          child.off("message", receive);
          child.off("exit", gone);
          watch.signal.removeEventListener("abort", abort);
        };
        const gone = (): void => {
          over();
          reject(new Error("the callers' process ended by itself"));
        };
        const receive = (message: CallersMessage): void => {
          if ("window" in message) return watch[message.window]();
          over();
          if ("error" in message) reject(new Error(message.error));
          else resolve(message.offered);
        };
        child.on("message", receive);
        child.once("exit", gone);
        watch.signal.addEventListener("abort", abort, { once: true });
        send({ ask: "offer", url, flow, load });
        if (watch.signal.aborted) abort();
      }),
    close: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
