/**
 * A process of the remote participants: commands over a broker, with an inbox and without, and answers that come later. Its only argument is
 * its configuration as JSON. It ends with the proof.
 */
import type { CommandMessage } from "@sluice/contracts/envelope";
import { serveCommands } from "@sluice/engine/participant";
import type { AnyTypes, CommandSource, RemoteHandlers } from "@sluice/engine/participant";
import { Random } from "@sluice/engine/random-flows";
import { createLog } from "@sluice/host/log";
import { closePostgres, openPostgres } from "@sluice/host/postgres";
import { createStopper } from "@sluice/host/stop";
import { forgetfulHandlers, remoteHandlers } from "../storm/participants/memorable.ts";
import { misbehave } from "../storm/participants/mischief.ts";
import { NO_INBOX, postgresInbox } from "../storm/participants/postgres-inbox.ts";
import { startTeller } from "../storm/participants/teller.ts";
import { REMOTE_CHANNEL, typesOn } from "../storm/storm-app.ts";
import { BARE_CHANNEL, brokeredFlows } from "../storm/storm-flows.ts";
import { brokerCommands } from "./broker-address.ts";
import type { BrokerParticipantsConfig } from "./process-messages.ts";
import { unruly } from "./unruly.ts";

const config = JSON.parse(process.argv[2] ?? "{}") as BrokerParticipantsConfig;
const { seed, name, databaseUrl, engineUrls, broker, isUnruly } = config;
const CONNECTIONS_MAX = 8;
/** What fails here fails as often as the seed wants it, so it is soon left to the engine. */
const RETRY = { attemptsMax: 2, firstMs: 20 };
const STOP_MS = 8_000;

const log = createLog({ fields: { process: name } });
const stopper = createStopper({ log });
stopper.attach();
// Nobody is left who could end us.
process.once("disconnect", () => process.exit(1));

/** Attempts go wrong as the seed wants it, within the transaction of the inbox. */
function badly<Transaction>(handlers: RemoteHandlers<AnyTypes, Transaction>) {
  const bad = Object.entries(handlers).map(([type, handle]) => [
    type,
    (command: CommandMessage, signal: AbortSignal, transaction: Transaction) =>
      misbehave(seed, command, signal, async () =>
        (handle as Handle<Transaction>)(command, signal, transaction),
      ),
  ]);
  return Object.fromEntries(bad) as RemoteHandlers<AnyTypes, Transaction>;
}

type Handle<Transaction> = (
  command: CommandMessage,
  signal: AbortSignal,
  transaction: Transaction,
) => Promise<unknown>;

function sourceOf(channel: string): CommandSource {
  const source = brokerCommands(broker, channel, log);
  return isUnruly ? unruly(source, new Random(seed).fork(`${name} ${channel}`), stopper.signal) : source;
}

try {
  const sql = await openPostgres(databaseUrl, {
    applicationName: `proof-${name}`,
    connectionsMax: CONNECTIONS_MAX,
  });
  stopper.add("connections", () => closePostgres(sql));
  const flows = brokeredFlows(seed);
  const shared = { retry: RETRY, stopMs: STOP_MS, log };
  const remote = await serveCommands({
    ...shared,
    source: sourceOf(REMOTE_CHANNEL),
    inbox: postgresInbox(sql),
    handlers: badly(remoteHandlers(REMOTE_CHANNEL, typesOn(REMOTE_CHANNEL, flows), seed)),
  });
  stopper.add(REMOTE_CHANNEL, () => remote.stop());
  const bare = await serveCommands({
    ...shared,
    source: sourceOf(BARE_CHANNEL),
    inbox: NO_INBOX,
    handlers: badly(forgetfulHandlers(BARE_CHANNEL, typesOn(BARE_CHANNEL, flows), { seed, sql })),
  });
  stopper.add(BARE_CHANNEL, () => bare.stop());
  const teller = startTeller({ seed, sql, engineUrls, log });
  stopper.add("teller", () => teller.stop());
  process.send?.({ type: "ready" });
} catch (error) {
  log.error({ error }, "the participants did not start");
  await stopper.stop("a failure");
  process.exit(1);
}
