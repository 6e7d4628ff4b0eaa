/** The participants of a process of their own, as a service has them: the participant kit, behind HTTP or a broker. They do nothing but answer. */
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import { commandRoute } from "@sluice/engine/http";
import { kafkaCommands } from "@sluice/engine/kafka";
import { memoryInbox, receiveCommand, serveCommands } from "@sluice/engine/participant";
import type { CommandSource } from "@sluice/engine/participant";
import { rabbitmqCommands } from "@sluice/engine/rabbitmq";
import { createHttpServer, resolveHttpOptions } from "@sluice/host/http";
import { createLog } from "@sluice/host/log";
import type { ProcessLog } from "@sluice/host/log";
import { createMeter } from "@sluice/host/metrics";
import type { ProcessMeter } from "@sluice/host/metrics";
import type { BenchFlow } from "../flow/bench-flow.ts";
import type { Subject } from "../subject/subject.ts";
import { answerTo } from "./answer.ts";
import { channelsOf } from "./channels.ts";
import type { BrokerName, RemoteKind } from "./participant-kind.ts";
import { commandsTopicOf, eventsTopicOf, serviceOf } from "./reach.ts";
import type { Reach } from "./reach.ts";

export interface ParticipantsConfig extends Pick<Reach, "name"> {
  readonly kind: RemoteKind;
  readonly flow: BenchFlow;
  /** Of the broker; `null` where they listen themselves. */
  readonly address: string | null;
}

interface Parts {
  readonly log: ProcessLog;
  readonly meter: ProcessMeter;
}

export async function openParticipants(config: ParticipantsConfig): Promise<Subject> {
  const parts = { log: createLog({ level: "warn", destination: process.stderr }), meter: createMeter() };
  const { kind, address } = config;
  if (kind === "http") return listen(config, parts);
  if (address === null) throw new Error(`participants behind ${kind} need the address of the broker`);
  return consume(config, { kind, address, name: config.name }, parts);
}

async function listen({ flow }: ParticipantsConfig, { log, meter }: Parts): Promise<Subject> {
  const options = resolveHttpOptions({ port: 0 }, {});
  const info = { title: "Participants", version: "0.0.0", description: "The participants of a benchmark." };
  const server = await createHttpServer({ options, log, meter, info });
  const inbox = memoryInbox();
  for (const [channel, types] of Object.entries(channelsOf(flow))) {
    const receiver = { handlers: handlersOf(types), inbox, log };
    const receive = (delivery: Parameters<typeof receiveCommand>[1]) => receiveCommand(receiver, delivery);
    await server.app.register(commandRoute({ path: `/${channel}`, receive }));
  }
  const { url } = await server.listen();
  return { url, runOnce: null, close: () => server.stop() };
}

async function consume(
  { flow }: ParticipantsConfig,
  reach: Reach & { readonly kind: BrokerName },
  { log, meter }: Parts,
): Promise<Subject> {
  const inbox = memoryInbox();
  const servers = await Promise.all(
    Object.entries(channelsOf(flow)).map(([channel, types]) =>
      serveCommands({
        source: sourceOf(channel, reach, log),
        inbox,
        handlers: handlersOf(types),
        log,
        meter,
      }),
    ),
  );
  return {
    url: null,
    runOnce: null,
    close: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

function sourceOf(
  channel: string,
  { kind, address, name }: Reach & { readonly kind: BrokerName },
  log: ProcessLog,
): CommandSource {
  switch (kind) {
    case "kafka":
      return kafkaCommands({
        brokers: [address],
        commandsTopic: commandsTopicOf(name, channel),
        eventsTopic: eventsTopicOf(name),
        groupId: `${name}.${channel}`,
        log,
      });
    case "rabbitmq":
      return rabbitmqCommands({ url: address, service: serviceOf(name, channel), log });
  }
}

function handlersOf(
  types: readonly string[],
): Record<string, (command: CommandMessage) => Promise<EventMessage>> {
  return Object.fromEntries(
    types.map((type) => [type, async (command: CommandMessage) => answerTo(command)]),
  );
}
