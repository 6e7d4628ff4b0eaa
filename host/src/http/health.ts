/** How the process feels: `/livez` (it runs), `/readyz` (it can work, and why not), `/metrics`. Always answered. */
import { problemResponses } from "@sluice/contracts/problem";
import type { FastifyInstance } from "fastify";
import { hostError } from "../errors.ts";
import type { ProcessMeter } from "../metrics.ts";
import { checkReadiness, reasonsOf } from "./readiness.ts";
import type { ReadinessCheck } from "./readiness.ts";

export interface Health {
  readonly checks: ReadonlyMap<string, ReadinessCheck>;
  readonly checkMs: number;
  readonly isStopping: () => boolean;
  readonly meter: ProcessMeter;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answered even when the process is overloaded or stopping: health and metrics. */
    readonly isAlwaysAdmitted?: boolean;
  }
}

export function registerHealth(app: FastifyInstance, health: Health): void {
  app.get("/livez", describe("getLiveness", "Whether the process runs", { 200: LIVE }), () => ({
    live: true,
  }));
  const ready = describe("getReadiness", "Whether the process can work, and why not", {
    200: READY,
    ...problemResponses({ 503: "HOST_NOT_READY, HOST_STOPPING" }),
  });
  app.get("/readyz", ready, async () => {
    const readiness = await checkReadiness(health.checks, health.checkMs);
    const fields = { ...readiness };
    if (health.isStopping()) throw hostError("HOST_STOPPING", "the process is stopping", { fields });
    if (!readiness.ready) throw hostError("HOST_NOT_READY", reasonsOf(readiness), { fields });
    return readiness;
  });
  const metrics = describe("getMetrics", "Metrics for Prometheus", { 200: METRICS });
  app.get("/metrics", metrics, async (_request, reply) => {
    void reply.header("content-type", health.meter.contentType);
    return health.meter.text();
  });
}

function describe(operationId: string, summary: string, responses: Readonly<Record<number, object>>) {
  const response = { ...responses, ...problemResponses({ 500: "HOST_UNEXPECTED" }) };
  return { schema: { operationId, tags: ["health"], summary, response }, config: { isAlwaysAdmitted: true } };
}

const LIVE = { description: "It runs.", type: "object", properties: { live: { const: true } } };

const CHECK = { type: "object", properties: { ready: { type: "boolean" }, reason: { type: "string" } } };
const READY = {
  description: "It can work. When it cannot, the problem has the same fields.",
  type: "object",
  properties: { ready: { type: "boolean" }, checks: { type: "object", additionalProperties: CHECK } },
};

const METRICS = {
  description: "The text format of Prometheus.",
  content: { "text/plain": { schema: { type: "string" } } },
};
