import { randomUUID } from "node:crypto";
import type { FastifyPluginAsync, FastifyRequest, RouteOptions } from "fastify";
import { Type } from "typebox";
import { engineError } from "../../../core/errors.ts";
import { createAccess } from "../access/access.ts";
import type { AccessOptions } from "../access/access.ts";
import { RING_MS } from "../access/key-ring.ts";
import { manageKeys } from "../access/manage-keys.ts";
import { addProblemSchema } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { addAuditRoute } from "./audit.ts";
import { DEAD_LETTER_QUEUE_SCHEMAS } from "./dead-letter-queue-schemas.ts";
import { addQueueListRoute, addQueueRoute, addSettleRoutes } from "./dead-letter-queues.ts";
import { addDeadLetterListRoute, addDeadLetterRoute, addRedriveRoute } from "./dead-letters.ts";
import { addEntryRoute } from "./entry.ts";
import { addDiagramRoute, addFlowListRoute, addFlowRoute } from "./flows.ts";
import { addInternalRoutes } from "./internal.ts";
import { Key, addKeyRoutes } from "./keys.ts";
import {
  addJobListRoute,
  addJobPreviewRoute,
  addJobRoute,
  addJobStartRoute,
  addJobStopRoute,
} from "./jobs.ts";
import { addLaneRoute } from "./lanes.ts";
import { OPERATION_SCHEMAS } from "./operation-schemas.ts";
import { addOperationRoutes } from "./operations.ts";
import { addPauseListRoute, addPauseRoute, addResumeRoute } from "./pauses.ts";
import { addEventRoute } from "./run-events.ts";
import { addHistoryRoute } from "./run-history.ts";
import { addRunListRoute, addRunRoute } from "./runs.ts";
import { SHARED_SCHEMAS } from "./schemas.ts";
import { createStandingPauses } from "./standing-pauses.ts";
import { addStartRoute } from "./start-run.ts";
import { addStreamRoute } from "./stream.ts";
import type { StreamOptions } from "./stream.ts";

export interface EngineApiOptions {
  /** Longest wait of `Prefer: wait=N`, in ms; a longer wish is cut to it. @default 60000 */
  readonly waitMsMax?: number;
  /** Largest body of inputs that another engine forwards, in bytes. @default 33554432 */
  readonly inputsBytesMax?: number;
  /** Most streams of runs at once; past it FLOW_WAIT_FULL. @default 1000 */
  readonly streamsMax?: number;
  /** Longest silence of a stream, in ms: a comment is sent then, so that nobody on the way takes it for dead. @default 15000 */
  readonly streamBeatMs?: number;
  /** How long a stream's reader may leave what it was sent, in ms; past it it is cut. @default 30000 */
  readonly streamStallMs?: number;
  /** @default keys are optional */
  readonly access?: AccessOptions;
}

export interface ResolvedEngineApiOptions extends StreamOptions {
  readonly waitMsMax: number;
  readonly inputsBytesMax: number;
}

/** @throws FLOW_BAD_OPTION (invalid) */
export function resolveEngineApiOptions(options: EngineApiOptions): ResolvedEngineApiOptions {
  const whole = (
    name: keyof ResolvedEngineApiOptions,
    fallback: number,
    min: number,
    max: number,
  ): number => {
    const value = options[name] ?? fallback;
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw engineError(
      "FLOW_BAD_OPTION",
      `engine api: ${name} is ${value}, expected a whole number from ${min} to ${max}`,
    );
  };
  return Object.freeze({
    waitMsMax: whole("waitMsMax", 60_000, 0, 3_600_000),
    inputsBytesMax: whole("inputsBytesMax", 33_554_432, 1_024, 1_073_741_824),
    streamsMax: whole("streamsMax", 1_000, 0, 1_000_000),
    streamBeatMs: whole("streamBeatMs", 15_000, 10, 3_600_000),
    streamStallMs: whole("streamStallMs", 30_000, 10, 3_600_000),
  });
}

/**
 * The API of an engine, version 1, for a server of the host: routes under `/v1`, described in OpenAPI, and the one by which engines of a
 * deployment forward to each other. What goes wrong is thrown with its code; the host makes problem bodies (RFC 9457) of it.
 *
 * ```ts
 * await server.app.register(engineApi(engine));
 * ```
 * @throws FLOW_BAD_OPTION (invalid)
 */
export function engineApi(engine: ApiEngine, options: EngineApiOptions = {}): FastifyPluginAsync {
  const { waitMsMax, inputsBytesMax, ...streams } = resolveEngineApiOptions(options);
  return async (scope) => {
    const app: ApiApp = scope.withTypeProvider();
    // Views are made field by field, so a second schema-driven pass over each answer would add nothing but time.
    app.setSerializerCompiler(() => (data) => JSON.stringify(data));
    addProblemSchema(scope);
    for (const schema of [...SHARED_SCHEMAS, ...OPERATION_SCHEMAS, ...DEAD_LETTER_QUEUE_SCHEMAS, Key])
      app.addSchema(schema);
    const pauses = createStandingPauses(engine.operator, engine.client);
    const access = createAccess(engine.store, options.access);
    app.decorateRequest("caller", null);
    app.addHook("onRequest", access.check);
    app.addHook("preValidation", takeAnyCase);
    app.addHook("onRoute", refuseQuery);
    addEntryRoute(app);
    addFlowListRoute(app, engine, pauses);
    addFlowRoute(app, engine, pauses);
    addDiagramRoute(app, engine);
    addStartRoute(app, engine, access, waitMsMax);
    addRunListRoute(app, engine);
    addRunRoute(app, engine, pauses);
    addHistoryRoute(app, engine);
    addEventRoute(app, engine);
    addStreamRoute(app, engine, access, streams);
    addOperationRoutes(app, engine);
    addJobStartRoute(app, engine);
    addJobPreviewRoute(app, engine);
    addJobListRoute(app, engine);
    addJobRoute(app, engine);
    addJobStopRoute(app, engine);
    addDeadLetterListRoute(app, engine);
    addDeadLetterRoute(app, engine);
    addRedriveRoute(app, engine);
    addQueueListRoute(app, engine);
    addQueueRoute(app, engine);
    addSettleRoutes(app, engine);
    addPauseListRoute(app, engine);
    addPauseRoute(app, engine, pauses);
    addResumeRoute(app, engine, pauses);
    addAuditRoute(app, engine);
    addLaneRoute(app, engine);
    const keys = manageKeys(engine.store, randomUUID, { changed: access.ring.forget, shownAfterMs: RING_MS });
    addKeyRoutes(app, keys);
    addInternalRoutes(app, engine, inputsBytesMax);
  };
}

/** A UUID is written in lower case and read in any (RFC 9562, section 4). */
async function takeAnyCase({ params }: FastifyRequest): Promise<void> {
  const given = params as { id?: string };
  if (given.id !== undefined && UUID.test(given.id)) given.id = given.id.toLowerCase();
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const NO_QUERY = Type.Object({}, { additionalProperties: false });

/** A route that says nothing of a query takes none: what is passed over could be the wish that mattered. */
function refuseQuery(route: RouteOptions): void {
  route.schema = { querystring: NO_QUERY, ...route.schema };
}
