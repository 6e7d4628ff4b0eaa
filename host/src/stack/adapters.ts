/** The servers of the stack. */
import { KAFKA } from "./kafka/adapter.ts";
import { POSTGRES } from "./postgres/adapter.ts";
import { RABBITMQ } from "./rabbitmq/adapter.ts";
import { REDIS } from "./redis/adapter.ts";
import type { ServerAdapter, ServerName } from "./server-adapter.ts";

export const ADAPTERS: { readonly [Name in ServerName]: ServerAdapter } = {
  kafka: KAFKA,
  rabbitmq: RABBITMQ,
  redis: REDIS,
  postgres: POSTGRES,
};
