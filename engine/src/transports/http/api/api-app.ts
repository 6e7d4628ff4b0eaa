import type { FastifyBaseLogger, FastifyInstance, FastifyTypeProvider, RawServerDefault } from "fastify";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Static, TSchema } from "typebox";
import type { Client } from "../../../client/client.ts";
import type { Operator } from "../../../client/operator.ts";
import type { DeadLetterQueue } from "../../../core/dead-letter-queue.ts";
import type { LaneInput } from "../../../core/inputs.ts";
import type { PeerAnswer, Store } from "../../../core/ports.ts";

/** What the API needs of an engine: an `Engine` is one. */
export interface ApiEngine {
  readonly client: Client;
  readonly operator: Operator;
  readonly store: Pick<
    Store,
    | "getRuns"
    | "listFlowVersions"
    | "listLanes"
    | "listDeadLetters"
    | "listApiKeys"
    | "addApiKey"
    | "endApiKey"
    | "addAction"
  >;
  readonly deadLetterQueues: readonly DeadLetterQueue[];
  /** Shared by the engines of the deployment. */
  readonly secret: string;
  receive(inputs: readonly LaneInput[]): Promise<readonly PeerAnswer[]>;
  lanesMoved(): void;
}

/** Lets the handlers know the types of the schemas that their requests were checked against. */
interface TypeBoxProvider extends FastifyTypeProvider {
  readonly validator: this["schema"] extends TSchema ? Static<this["schema"]> : unknown;
}

/** A Fastify scope whose routes are typed by their schemas. */
export type ApiApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxProvider
>;
