/** The process of the callers: apart from the engine, so that what they cost is their own. Serves the benchmark until it lets go. */
import type { CallersMessage, CallersRequest } from "./start-callers.ts";
import { openConnections } from "./connections.ts";
import type { Connections } from "./connections.ts";
import { offerLoad } from "./offer-load.ts";
import type { Offered, OfferedLoad } from "./offered.ts";

const abort = new AbortController();
let connections: Connections | null = null;

process.on("message", (request: CallersRequest) => {
  if (request.ask === "abort") return abort.abort();
  connections ??= openConnections(request.url, request.flow);
  offer(connections, request.load).then(
    (offered) => send({ offered }),
    (error: unknown) => send({ error: String(error) }),
  );
});
process.on("disconnect", () => process.exit());
// Ctrl-C reaches every process of the terminal; the benchmark decides what becomes of this one.
process.on("SIGINT", () => {});

async function offer({ open, ask }: Connections, load: OfferedLoad): Promise<Offered> {
  await open(load.connectionsMax);
  return offerLoad(ask, load, {
    signal: abort.signal,
    opened: () => send({ window: "opened" }),
    closed: () => send({ window: "closed" }),
  });
}

function send(message: CallersMessage): void {
  process.send?.(message);
}
