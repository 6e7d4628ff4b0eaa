import { join } from "node:path";
import { LOOPBACK } from "../server-adapter.ts";
import type { ServerAdapter } from "../server-adapter.ts";
import { greetRedis } from "./greet.ts";
import { findRedis, installRedis } from "./programs.ts";

const KILL_MS = 5_000;

export const REDIS: ServerAdapter = {
  name: "redis",
  title: "Redis",
  version: "7.0",
  port: 6379,
  innerPorts: 0,
  users: ["redis", "nobody"],
  find: findRedis,
  install: installRedis,
  homeOf: (root) => join(root, "data"),
  addressOf: ({ ports }) => `redis://${LOOPBACK}:${ports[0]}`,
  greet: ({ ports }) => greetRedis(ports[0]),
  endingOf: (stopMs) => [
    ["SIGTERM", stopMs],
    ["SIGKILL", KILL_MS],
  ],
};
