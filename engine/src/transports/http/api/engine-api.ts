import type { FastifyPluginAsync } from "fastify";
import { engineError } from "../../../core/errors.ts";
import { addProblemSchema } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { addEntryRoute } from "./entry.ts";
import { addDiagramRoute, addFlowListRoute, addFlowRoute } from "./flows.ts";
import { addInternalRoute } from "./internal.ts";
import { addLaneRoute } from "./lanes.ts";
import { addEventRoute } from "./run-events.ts";
import { addHistoryRoute } from "./run-history.ts";
import { addRunListRoute, addRunRoute } from "./runs.ts";
import { SHARED_SCHEMAS } from "./schemas.ts";
import { addStartRoute } from "./start-run.ts";
import { refuseUnknownFields } from "./unknown-fields.ts";

export interface EngineApiOptions {
  /** Longest wait of `Prefer: wait=N`, in ms; a longer wish is cut to it. @default 60000 */
  readonly waitMsMax?: number;
  /** Largest body of inputs that another engine forwards, in bytes. @default 33554432 */
  readonly inputsBytesMax?: number;
}

export interface ResolvedEngineApiOptions {
  readonly waitMsMax: number;
  readonly inputsBytesMax: number;
}

/** @throws FLOW_BAD_OPTION (invalid) */
export function resolveEngineApiOptions(options: EngineApiOptions): ResolvedEngineApiOptions {
  const whole = (name: keyof EngineApiOptions, fallback: number, min: number, max: number): number => {
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
  const { waitMsMax, inputsBytesMax } = resolveEngineApiOptions(options);
  return async (scope) => {
    const app: ApiApp = scope.withTypeProvider();
    // Views are made field by field, so a second schema-driven pass over each answer would add nothing but time.
    app.setSerializerCompiler(() => (data) => JSON.stringify(data));
    addProblemSchema(scope);
    for (const schema of SHARED_SCHEMAS) app.addSchema(schema);
    app.addHook("preValidation", refuseUnknownFields);
    addEntryRoute(app);
    addFlowListRoute(app, engine);
    addFlowRoute(app, engine);
    addDiagramRoute(app, engine);
    addStartRoute(app, engine, waitMsMax);
    addRunListRoute(app, engine);
    addRunRoute(app, engine);
    addHistoryRoute(app, engine);
    addEventRoute(app, engine);
    addLaneRoute(app, engine);
    addInternalRoute(app, engine, inputsBytesMax);
  };
}
