import { join } from "node:path";
import { LOOPBACK } from "../server-adapter.ts";
import type { ServerAdapter } from "../server-adapter.ts";
import { stopEpmd } from "./epmd.ts";
import { greetRabbitmq } from "./greet.ts";
import { findRabbitmq, installRabbitmq } from "./programs.ts";
import { RABBITMQ_USER } from "./settings.ts";

const KILL_MS = 5_000;

export const RABBITMQ: ServerAdapter = {
  name: "rabbitmq",
  title: "RabbitMQ",
  version: "3.10",
  port: 5672,
  // Erlang's distribution, and its port mapper.
  innerPorts: 2,
  users: ["rabbitmq", "nobody"],
  find: findRabbitmq,
  install: installRabbitmq,
  homeOf: (root) => join(root, "data"),
  addressOf: ({ ports, secret }) => `amqp://${RABBITMQ_USER}:${secret}@${LOOPBACK}:${ports[0]}`,
  greet: greetRabbitmq,
  endingOf: (stopMs) => [
    ["SIGTERM", stopMs],
    ["SIGKILL", KILL_MS],
  ],
  cleanUp: stopEpmd,
};
