import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ADAPTERS } from "./adapters.ts";
import { KAFKA_SETTINGS } from "./kafka/settings.ts";
import { CONNECTIONS_MAX } from "./postgres/settings.ts";
import { REDIS_SETTINGS } from "./redis/settings.ts";
import { SERVER_NAMES } from "./server-adapter.ts";
import type { ServerName } from "./server-adapter.ts";

const COMPOSE = readFileSync(join(import.meta.dirname, "../../../compose.yaml"), "utf8");

const IMAGES: Readonly<Record<ServerName, string>> = {
  kafka: "apache/kafka",
  rabbitmq: "rabbitmq",
  redis: "redis",
  postgres: "postgres",
};

/** The lines of one service. */
function serviceOf(name: ServerName): string {
  const services = COMPOSE.slice(COMPOSE.indexOf("services:"), COMPOSE.indexOf("\nvolumes:"));
  return services.split(/^ {2}(?=\w)/m).find((part) => part.startsWith(`${name}:`)) ?? "";
}

/** `auto.create.topics.enable` is `KAFKA_AUTO_CREATE_TOPICS_ENABLE` to the image. */
function environmentOf(service: string): Readonly<Record<string, string>> {
  const lines = service.matchAll(/^ {6}([A-Z_]+): "?([^"\n]*)"?$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
}

describe("compose.yaml", () => {
  for (const name of SERVER_NAMES) {
    it(`has ${name} in the version and on the port of the stack, on loopback, with a check of its health`, () => {
      const { version, port } = ADAPTERS[name];
      const service = serviceOf(name);
      assert.ok(service.includes(`\n    image: ${IMAGES[name]}:${version}\n`), service);
      assert.ok(service.includes(`\n    ports: ["127.0.0.1:${port}:${port}"]\n`), service);
      assert.match(service, /\n {4}healthcheck:\n {6}test: /);
      assert.match(service, new RegExp(`\\n {4}volumes: \\["${name}:/`));
    });
  }

  it("sets Kafka up as the stack does", () => {
    const environment = environmentOf(serviceOf("kafka"));
    for (const [name, value] of Object.entries(KAFKA_SETTINGS))
      assert.equal(environment[`KAFKA_${name.replaceAll(".", "_").toUpperCase()}`], value, name);
  });

  it("sets Redis and Postgres up as the stack does", () => {
    for (const [name, value] of Object.entries(REDIS_SETTINGS))
      assert.ok(serviceOf("redis").includes(`--${name} ${value}`), name);
    assert.ok(serviceOf("postgres").includes(`max_connections=${CONNECTIONS_MAX}`));
  });
});
