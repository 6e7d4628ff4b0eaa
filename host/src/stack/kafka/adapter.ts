import { join } from "node:path";
import { LOOPBACK } from "../server-adapter.ts";
import type { ServerAdapter } from "../server-adapter.ts";
import { greetKafka } from "./greet.ts";
import { findKafka, installKafka } from "./programs.ts";
import { KAFKA_PORTS, KAFKA_USERS } from "./settings.ts";
import { KAFKA_VERSION } from "./version.ts";

const KILL_MS = 5_000;

export const KAFKA: ServerAdapter = {
  ...KAFKA_PORTS,
  title: "Kafka",
  version: KAFKA_VERSION,
  users: KAFKA_USERS,
  find: findKafka,
  install: installKafka,
  homeOf: (root) => join(root, "data"),
  addressOf: ({ ports }) => `${LOOPBACK}:${ports[0]}`,
  greet: ({ ports }) => greetKafka(ports[0]),
  endingOf: (stopMs) => [
    ["SIGTERM", stopMs],
    ["SIGKILL", KILL_MS],
  ],
};
