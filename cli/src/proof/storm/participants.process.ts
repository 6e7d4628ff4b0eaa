/**
 * The process of the remote participants: commands over HTTP, with an inbox and without, and answers that come later. Its only argument is
 * its configuration as JSON. It ends with the proof.
 */
import type { CommandMessage } from "@sluice/contracts/envelope";
import { commandRoute } from "@sluice/engine/http";
import { receiveCommand } from "@sluice/engine/participant";
import type { AnyTypes, Delivery, Receiver } from "@sluice/engine/participant";
import { createHttpServer, resolveHttpOptions } from "@sluice/host/http";
import { createLog } from "@sluice/host/log";
import { createMeter } from "@sluice/host/metrics";
import { closePostgres, openPostgres } from "@sluice/host/postgres";
import { createStopper } from "@sluice/host/stop";
import type { ParticipantsConfig } from "./process-messages.ts";
import { misbehave } from "./participants/mischief.ts";
import { forgetfulHandlers, remoteHandlers } from "./participants/memorable.ts";
import { NO_INBOX, postgresInbox } from "./participants/postgres-inbox.ts";
import { startTeller } from "./participants/teller.ts";
import { BARE_CHANNEL, stormFlows } from "./storm-flows.ts";
import { REMOTE_CHANNEL, typesOn } from "./storm-app.ts";

const { seed, databaseUrl, port, engineUrls } = JSON.parse(process.argv[2] ?? "{}") as ParticipantsConfig;
const CONNECTIONS_MAX = 12;

const log = createLog({ fields: { process: "participants" } });
const stopper = createStopper({ log });
stopper.attach();
// Nobody is left who could end us.
process.once("disconnect", () => process.exit(1));

/** A delivery that goes wrong as the seed wants it, before the inbox or after it. */
function receiveBadly<Transaction>(receiver: Receiver<AnyTypes, Transaction>) {
  return (delivery: Delivery) =>
    misbehave(seed, delivery.body as CommandMessage, stopper.signal, () =>
      receiveCommand(receiver, delivery),
    );
}

try {
  const sql = await openPostgres(databaseUrl, {
    applicationName: "proof-participants",
    connectionsMax: CONNECTIONS_MAX,
  });
  stopper.add("connections", () => closePostgres(sql));
  const flows = stormFlows(seed);
  const server = await createHttpServer({
    options: resolveHttpOptions({ port }, {}),
    log,
    meter: createMeter({ processMetrics: false }),
    info: { title: "participants of the proof", version: "1" },
  });
  stopper.add("server", () => server.stop());
  const remote = {
    handlers: remoteHandlers(REMOTE_CHANNEL, typesOn(REMOTE_CHANNEL, flows), seed),
    inbox: postgresInbox(sql),
    log,
  };
  const bare = {
    handlers: forgetfulHandlers(BARE_CHANNEL, typesOn(BARE_CHANNEL, flows), { seed, sql }),
    inbox: NO_INBOX,
    log,
  };
  await server.app.register(commandRoute({ path: `/${REMOTE_CHANNEL}`, receive: receiveBadly(remote) }));
  await server.app.register(commandRoute({ path: `/${BARE_CHANNEL}`, receive: receiveBadly(bare) }));
  await server.listen();
  const teller = startTeller({ seed, sql, engineUrls, log });
  stopper.add("teller", () => teller.stop());
  process.send?.({ type: "ready" });
} catch (error) {
  log.error({ error }, "the participants did not start");
  await stopper.stop("a failure");
  process.exit(1);
}
