/** The flows of a seed, the same in every process, and one more that beats like a pulse. */
import type { FlowDefinition } from "@sluice/engine/definition";
import { COMMAND_FAILED, compileSchema } from "@sluice/engine/definition";
import { Random, compileFlow, generateFlows } from "@sluice/engine/random-flows";
import type { CompiledFlow, GeneratedFlow } from "@sluice/engine/random-flows";

/** A channel that no random flow knows: participants without a memory, who get a part of the commands of `remote`. */
export const BARE_CHANNEL = "bare";
const BARE_SHARE = 0.4;
const FLOWS = 3;

export const PULSE_FLOW = "pulse";
export const BEAT = "Beat";
export const REST = "Rested";

/**
 * A run in each lane that can always be told something. Each beat has a command carried out in the batch's transaction, so a lane that
 * takes a beat is a lane that works.
 */
const pulse: FlowDefinition = {
  name: PULSE_FLOW,
  version: 1,
  data: { type: "object" },
  events: { [BEAT]: { type: "object" }, CountDone: { type: "object" }, [REST]: { type: "object" } },
  commands: { Count: { channel: "stock", answers: ["CountDone"] } },
  initial: "calm",
  states: {
    calm: { on: { [BEAT]: "counting", [REST]: "rested" } },
    counting: {
      send: { Count: "data" },
      retry: { attempts: 3, first: "20ms" },
      on: { CountDone: "calm", [COMMAND_FAILED]: "calm", [REST]: "rested" },
    },
    rested: { final: "rested" },
  },
};

export function stormFlows(seed: number): readonly GeneratedFlow[] {
  return flowsOf(seed, (flow) => flow);
}

/** The same around a broker: what would be carried out in the process of the engine goes to the remote participants too, as half of all types do then. */
export function brokeredFlows(seed: number): readonly GeneratedFlow[] {
  return flowsOf(seed, (flow) =>
    inVersions(flow, (_type, channel) => (channel === "local" ? "remote" : channel)),
  );
}

function flowsOf(seed: number, change: (flow: GeneratedFlow) => GeneratedFlow): readonly GeneratedFlow[] {
  const random = new Random(seed);
  const flows = generateFlows(random.fork("flows"), { flows: FLOWS, isLong: false });
  const bare = random.fork("bare");
  return [
    ...flows.map((flow) => withBareCommands(change(flow), bare)),
    { name: PULSE_FLOW, versions: [pulse], outside: [BEAT, REST] },
  ];
}

export function compileFlows(flows: readonly GeneratedFlow[]): readonly CompiledFlow[] {
  return flows.flatMap(({ versions }) => versions.map((version) => compileFlow(version, compileSchema)));
}

/** All versions of a flow send a command to the same participant. */
function withBareCommands(flow: GeneratedFlow, random: Random): GeneratedFlow {
  const types = new Set(flow.versions.flatMap(({ commands = {} }) => Object.keys(commands)));
  const bare = new Set([...types].filter(() => random.chance(BARE_SHARE)));
  return inVersions(flow, (type, channel) =>
    channel === "remote" && bare.has(type) ? BARE_CHANNEL : channel,
  );
}

/** The channel of a command of this type, by the one that it had. */
type Rechannel = (type: string, channel: string) => string;

function inVersions(flow: GeneratedFlow, rechannel: Rechannel): GeneratedFlow {
  return { ...flow, versions: flow.versions.map((version) => withChannels(version, rechannel)) };
}

function withChannels(flow: FlowDefinition, rechannel: Rechannel): FlowDefinition {
  const commands = Object.entries(flow.commands ?? {}).map(([type, command]) => {
    const { channel } = command;
    return [
      type,
      channel === undefined ? command : { ...command, channel: rechannel(type, channel) },
    ] as const;
  });
  return { ...flow, commands: Object.fromEntries(commands) };
}
