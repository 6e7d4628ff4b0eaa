/** The same flow over one transport after the other, each broker beside what its client alone can do. */
import { measureKafkaClient } from "@sluice/engine/kafka";
import type { ClientRate } from "@sluice/engine/kafka";
import { measureRabbitmqClient } from "@sluice/engine/rabbitmq";
import type { Env } from "@sluice/host/options";
import { NOTHING_FOUND, measureCases } from "../bench-run.ts";
import type { BenchParts, Found } from "../bench-run.ts";
import { isBroker } from "../participants/participant-kind.ts";
import type { BrokerName, TransportKind } from "../participants/participant-kind.ts";
import type { BenchCase } from "../plan.ts";
import { measureProfile } from "../profile/profile.ts";
import { casesOf } from "./cases.ts";
import { untilQuiet } from "./until-quiet.ts";
import { withBroker } from "./with-broker.ts";
import type { StartedBroker } from "./with-broker.ts";

export interface TransportsPlan {
  readonly transports: readonly TransportKind[];
  readonly inFlight: readonly number[];
  /** One case of one transport, profiled, in place of figures side by side. */
  readonly isProfiled: boolean;
}

/** What the bare client of a broker has done, one message after another through both of its halves. */
export interface ClientRow extends ClientRate {
  readonly broker: BrokerName;
  readonly version: string;
  /** Messages a second that are written and read, were the client to do nothing else: one half waits for the other. */
  readonly throughPerSecond: number;
}

export interface TransportsFound extends Found {
  readonly clients: readonly ClientRow[];
}

const NONE_FOUND: TransportsFound = { ...NOTHING_FOUND, clients: [] };

export async function measureTransports(
  parts: BenchParts,
  { transports, inFlight, isProfiled }: TransportsPlan,
  env: Env,
): Promise<TransportsFound> {
  let found = NONE_FOUND;
  for (const transport of isProfiled ? transports : besideBaseline(transports)) {
    if (parts.signal.aborted) break;
    const cases = casesOf(transport, inFlight);
    const more = isBroker(transport)
      ? await measureOverBroker(parts, { name: transport, cases, isProfiled, env })
      : await measure(parts, cases, isProfiled);
    found = together(found, more);
  }
  return found;
}

/** The engine alone is what the others are compared with, so it is always measured, and first. */
function besideBaseline(transports: readonly TransportKind[]): readonly TransportKind[] {
  return ["local", ...transports.filter((transport) => transport !== "local")];
}

async function measure(
  parts: BenchParts,
  cases: readonly BenchCase[],
  isProfiled: boolean,
): Promise<TransportsFound> {
  const [first] = cases;
  const found =
    isProfiled && first !== undefined
      ? await measureProfile(parts, first)
      : await measureCases(parts, cases, { isCeilingWanted: false });
  return { ...found, clients: [] };
}

interface OverBroker {
  readonly name: BrokerName;
  readonly cases: readonly BenchCase[];
  readonly isProfiled: boolean;
  readonly env: Env;
}

async function measureOverBroker(
  parts: BenchParts,
  { name, cases, isProfiled, env }: OverBroker,
): Promise<TransportsFound> {
  parts.progress(`starting ${name}`);
  const found = await withBroker({ name, env, signal: parts.signal }, async (broker) => {
    const client = await measureClient(parts, name, broker);
    await untilQuiet(broker.pid, QUIET_SHARE_MAX * parts.seconds, parts.signal);
    const clients = isProfiled ? [] : [client];
    return { ...(await measure({ ...parts, broker }, cases, isProfiled)), clients };
  });
  if (!("missing" in found)) return found;
  return { ...NONE_FOUND, skipped: [{ case: name, reason: found.missing }] };
}

/** How long a broker may take to come to rest, in parts of what a figure takes. */
const QUIET_SHARE_MAX = 6;

/** Messages for a second of measuring: about what a client does in a fifth to half of one. */
const MESSAGES_PER_SECOND = 10_000;

/** Once in vain: a broker that has just been started compiles what it does. */
async function measureClient(
  { seconds, progress }: BenchParts,
  broker: BrokerName,
  { address, version }: StartedBroker,
): Promise<ClientRow> {
  progress(`what the client of ${broker} alone can do`);
  const messages = Math.ceil(seconds * MESSAGES_PER_SECOND);
  const measureOnce = (): Promise<ClientRate> => {
    switch (broker) {
      case "kafka":
        return measureKafkaClient({ brokers: [address], messages });
      case "rabbitmq":
        return measureRabbitmqClient({ url: address, messages });
    }
  };
  await measureOnce();
  const rate = await measureOnce();
  const throughPerSecond = 1 / (1 / rate.producedPerSecond + 1 / rate.consumedPerSecond);
  return { broker, version, ...rate, throughPerSecond: Math.round(throughPerSecond) };
}

function together(a: TransportsFound, b: TransportsFound): TransportsFound {
  return {
    rows: [...a.rows, ...b.rows],
    skipped: [...a.skipped, ...b.skipped],
    auditedRuns: a.auditedRuns + b.auditedRuns,
    findings: [...a.findings, ...b.findings],
    profile: a.profile ?? b.profile,
    clients: [...a.clients, ...b.clients],
  };
}
