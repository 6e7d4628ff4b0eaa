/** How Kafka is started: one node that is broker and controller (KRaft), on loopback, everything replicated once. */
import { join } from "node:path";
import { LOOPBACK } from "../server-adapter.ts";
import type { Launch, Place } from "../server-adapter.ts";

/** What compose.yaml says of Kafka too. */
export const KAFKA_SETTINGS: Readonly<Record<string, string>> = {
  "process.roles": "broker,controller",
  "node.id": "1",
  "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
  "controller.listener.names": "CONTROLLER",
  // One node has no second one to copy to.
  "offsets.topic.replication.factor": "1",
  "transaction.state.log.replication.factor": "1",
  "transaction.state.log.min.isr": "1",
  "share.coordinator.state.topic.replication.factor": "1",
  "share.coordinator.state.topic.min.isr": "1",
  // Fifty partitions each are for a cluster; here they only make the first consumer wait.
  "offsets.topic.num.partitions": "4",
  "transaction.state.log.num.partitions": "4",
  "share.coordinator.state.topic.num.partitions": "4",
  // A group's first member has nobody to wait for.
  "group.initial.rebalance.delay.ms": "0",
  // A topic with a misspelled name is a mistake, not a topic.
  "auto.create.topics.enable": "false",
};

export const KAFKA_USERS: readonly string[] = ["kafka", "nobody"];

/** The clients' usual one, and one for the controller. */
export const KAFKA_PORTS = { name: "kafka", port: 9092, innerPorts: 1 } as const;

/** Where the programs are: made by the install, the same for all folders. */
export interface KafkaPrograms {
  readonly java: string;
  readonly jars: readonly string[];
  /** Java's archive of loaded classes, which halves the time of a start; `undefined`: there is none for this Java. */
  readonly classArchive: string | undefined;
}

/** Beside the data, so that Kafka does not take them for topics. */
export const TOPICS_FOLDER = "topics";
const TEMPORARY_FOLDER = "tmp";
const SETTINGS_FILE = "server.properties";

/** Enough for a thousand partitions; what is read often is in the system's cache. */
const HEAP_MAX = "512m";

export function kafkaLaunch(programs: KafkaPrograms, place: Place): Launch {
  const { java, jars, classArchive } = programs;
  return {
    program: java,
    args: [
      `-Xmx${HEAP_MAX}`,
      // Nothing of ours in the folder for everybody's temporary files.
      "-XX:-UsePerfData",
      `-Djava.io.tmpdir=${join(place.home, TEMPORARY_FOLDER)}`,
      `-XX:ErrorFile=${join(place.root, "log", "java-error.log")}`,
      ...(classArchive === undefined ? [] : [`-XX:SharedArchiveFile=${classArchive}`]),
      "-Dlog4j2.level=WARN",
      "-cp",
      jars.join(":"),
      "kafka.Kafka",
      join(place.home, SETTINGS_FILE),
    ],
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
    files: [
      { name: SETTINGS_FILE, text: propertiesOf(place) },
      // Makes the folder.
      { name: join(TEMPORARY_FOLDER, ".keep"), text: "" },
    ],
  };
}

function propertiesOf({ home, ports: [port, controllerPort] }: Place): string {
  const settings = {
    ...KAFKA_SETTINGS,
    "controller.quorum.voters": `1@${LOOPBACK}:${controllerPort}`,
    listeners: `PLAINTEXT://${LOOPBACK}:${port},CONTROLLER://${LOOPBACK}:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://${LOOPBACK}:${port}`,
    "log.dirs": join(home, TOPICS_FOLDER),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value.replaceAll("\\", "\\\\")}\n`)
    .join("");
}
