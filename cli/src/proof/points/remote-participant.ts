import { commandRoute } from "@sluice/engine/http";
import { receiveCommand } from "@sluice/engine/participant";
import { createHttpServer, resolveHttpOptions } from "@sluice/host/http";
import { SILENT_LOG, createLog } from "@sluice/host/log";
import { createMeter } from "@sluice/host/metrics";
import type { Sql } from "@sluice/host/postgres";
import { findFreePort } from "../../up/free-port.ts";
import type { OnClose } from "../closable.ts";
import { remoteHandlers } from "../storm/participants/memorable.ts";
import { postgresInbox } from "../storm/participants/postgres-inbox.ts";
import { HOST } from "../storm/start-processes.ts";
import { REMOTE_CHANNEL } from "../storm/storm-app.ts";

/** Whoever ships, over HTTP and with an inbox, in the process of the proof: it outlives every engine. Answers where it is. */
export async function startRemoteParticipant(seed: number, sql: Sql, onClose: OnClose): Promise<string> {
  const port = await findFreePort(HOST);
  const server = await createHttpServer({
    options: resolveHttpOptions({ port }, {}),
    log: createLog({ destination: { write: () => {} } }),
    meter: createMeter({ processMetrics: false }),
    info: { title: "participant of the proof", version: "1" },
  });
  onClose(() => server.stop());
  const receiver = {
    handlers: remoteHandlers(REMOTE_CHANNEL, ["Ship"], seed),
    inbox: postgresInbox(sql),
    log: SILENT_LOG,
  };
  await server.app.register(
    commandRoute({ path: `/${REMOTE_CHANNEL}`, receive: (delivery) => receiveCommand(receiver, delivery) }),
  );
  await server.listen();
  return `http://${HOST}:${port}`;
}
