import { rm } from "node:fs/promises";
import { CLUSTER_USER } from "../../postgres/initdb.ts";
import { DATABASE, isOutside, layoutOf } from "../../postgres/layout.ts";
import { LOOPBACK } from "../server-adapter.ts";
import type { ServerAdapter } from "../server-adapter.ts";
import { greetPostgres, setPassword } from "./greet.ts";
import { findPostgres } from "./programs.ts";

const KILL_MS = 5_000;

export const POSTGRES: ServerAdapter = {
  name: "postgres",
  title: "Postgres",
  version: "18",
  port: 5432,
  innerPorts: 0,
  users: ["postgres", "nobody"],
  find: (_machine, user) => findPostgres(user),
  // There is nothing to get but by npm, which brings it with everything else.
  install: async () => {},
  homeOf: (root) => layoutOf(root).cluster,
  addressOf: ({ ports, secret }) =>
    `postgres://${CLUSTER_USER}:${secret}@${LOOPBACK}:${ports[0]}/${DATABASE}`,
  greet: greetPostgres,
  settle: setPassword,
  // Fast: sessions are cut, a checkpoint is written; then at once: the next start recovers.
  endingOf: (stopMs) => [
    ["SIGINT", stopMs],
    ["SIGQUIT", KILL_MS],
    ["SIGKILL", KILL_MS],
  ],
  async cleanUp({ root }) {
    const layout = layoutOf(root);
    if (isOutside(layout)) await rm(layout.socketDirectory, { recursive: true, force: true });
  },
};
