/** Whether the topics are there and as they have to be; with `topics: "create"` those that are missing are made. */
import { Admin, ConfigResourceTypes } from "@platformatic/kafka";
import { engineError } from "../../core/errors.ts";
import { clientSettings } from "./client-settings.ts";
import { brokerError, faultOf } from "./kafka-fault.ts";
import type { ResolvedKafkaOptions } from "./options.ts";
import { waitAgain, waitAtMost } from "../broker/waits.ts";

export interface WantedTopic {
  readonly name: string;
  /** At the least. */
  readonly partitions: number;
}

/** How long a broker may take to answer at the start. */
const REQUEST_MS = 10_000;
const CLOSE_MS = 1_000;
/** How often it is asked whether it knows a topic that it has just made. */
const LOOKS_MAX = 20;

/**
 * @throws FLOW_BROKER_UNAVAILABLE (unavailable) nobody answers · FLOW_BROKER_REFUSED (forbidden) · FLOW_BROKER_MISMATCH (conflict) a topic is
 *   missing, has too few partitions or copies, or takes only smaller messages
 */
export async function openTopics(
  options: ResolvedKafkaOptions,
  wanted: readonly WantedTopic[],
): Promise<void> {
  const { brokers } = options;
  const admin = new Admin(clientSettings(options, REQUEST_MS));
  try {
    for (const topic of wanted) {
      const found = (await describe(admin, topic.name, brokers)) ?? (await create(admin, options, topic));
      checkTopic(options, topic, found);
    }
    await checkMessageBytes(admin, options, wanted);
  } finally {
    await waitAtMost(CLOSE_MS, admin.close());
  }
}

interface FoundTopic {
  readonly partitions: number;
  /** Of the partition with the fewest. */
  readonly copies: number;
}

async function describe(admin: Admin, name: string, brokers: readonly string[]): Promise<FoundTopic | null> {
  try {
    const { topics } = await admin.metadata({ topics: [name], forceUpdate: true });
    const partitions = topics.get(name)?.partitions ?? [];
    return {
      partitions: partitions.length,
      copies: Math.min(...partitions.map((each) => each.replicas.length)),
    };
  } catch (error) {
    if (faultOf(error).type === "missing") return null;
    throw brokerError(`looking at topic ${name}`, brokers, error);
  }
}

async function create(
  admin: Admin,
  options: ResolvedKafkaOptions,
  { name, partitions }: WantedTopic,
): Promise<FoundTopic> {
  const { brokers, topics, replicationFactor } = options;
  if (topics === "check") {
    throw engineError(
      "FLOW_BROKER_MISMATCH",
      `Kafka at ${brokers.join(", ")} has no topic ${name}, expected one of ${partitions} partitions; make it, or set topics to "create"`,
    );
  }
  const wish = {
    topic: name,
    partitions,
    ...(replicationFactor === null ? {} : { replicas: replicationFactor }),
  };
  const copies = replicationFactor === null ? "" : ` and replicationFactor ${replicationFactor}`;
  const what = `making topic ${name} of ${partitions} partitions${copies}`;
  try {
    await admin.createTopics({ topics: [wish] });
    options.log.info({ topic: name, partitions, replicationFactor }, "a topic of Kafka is made");
  } catch (error) {
    // Another process of ours may have been quicker.
    if (!isThereAlready(error)) throw brokerError(what, brokers, error);
  }
  return whenKnown(admin, name, what, brokers);
}

function isThereAlready(error: unknown): boolean {
  return faultOf(error).found === "TOPIC_ALREADY_EXISTS";
}

/** A broker takes a moment to learn of a topic that another one has made. */
async function whenKnown(
  admin: Admin,
  name: string,
  what: string,
  brokers: readonly string[],
): Promise<FoundTopic> {
  for (let look = 1; look <= LOOKS_MAX; look++) {
    const found = await describe(admin, name, brokers);
    if (found !== null && found.partitions > 0) return found;
    await waitAgain(look, new AbortController().signal);
  }
  throw brokerError(what, brokers, null);
}

function checkTopic(
  { brokers, replicationFactor }: ResolvedKafkaOptions,
  wanted: WantedTopic,
  found: FoundTopic,
): void {
  const { name, partitions } = wanted;
  const where = `topic ${name} of Kafka at ${brokers.join(", ")}`;
  if (found.partitions < partitions) {
    throw engineError(
      "FLOW_BROKER_MISMATCH",
      `${where} has ${found.partitions} partitions, expected at least ${partitions} (partitions); add some, or ask for fewer`,
    );
  }
  if (replicationFactor !== null && found.copies < replicationFactor) {
    throw engineError(
      "FLOW_BROKER_MISMATCH",
      `${where} has ${found.copies} copies, expected at least ${replicationFactor} (replicationFactor)`,
    );
  }
}

const MESSAGE_BYTES = "max.message.bytes";

/** A larger message would only be refused when it is there. Who may not see a topic's settings has to know. */
async function checkMessageBytes(
  admin: Admin,
  { brokers, messageBytesMax, log }: ResolvedKafkaOptions,
  topics: readonly WantedTopic[],
): Promise<void> {
  const resources = topics.map(({ name }) => ({
    resourceType: ConfigResourceTypes.TOPIC,
    resourceName: name,
    configurationKeys: [MESSAGE_BYTES],
  }));
  const described = await admin.describeConfigs({ resources }).catch((error: unknown) => {
    log.debug({ found: faultOf(error).found }, "the settings of topics cannot be seen");
    return [];
  });
  for (const { resourceName, configs } of described) {
    const bytes = Number(
      configs.find(({ name }) => name === MESSAGE_BYTES)?.value ?? Number.POSITIVE_INFINITY,
    );
    if (bytes >= messageBytesMax) continue;
    throw engineError(
      "FLOW_BROKER_MISMATCH",
      `topic ${resourceName} of Kafka at ${brokers.join(", ")} takes messages of ${bytes} bytes (${MESSAGE_BYTES}), expected at least ${messageBytesMax} (messageBytesMax); change one of the two`,
    );
  }
}
