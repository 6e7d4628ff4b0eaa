/** How the process feels: `/livez` (it runs), `/readyz` (it can work, and why not), `/metrics`. Always answered. */
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
  const hidden = { schema: { hide: true }, config: { isAlwaysAdmitted: true } };
  app.get("/livez", hidden, () => ({ live: true }));
  app.get("/readyz", hidden, async () => {
    const readiness = await checkReadiness(health.checks, health.checkMs);
    const fields = { ...readiness };
    if (health.isStopping()) throw hostError("HOST_STOPPING", "the process is stopping", { fields });
    if (!readiness.ready) throw hostError("HOST_NOT_READY", reasonsOf(readiness), { fields });
    return readiness;
  });
  app.get("/metrics", hidden, async (_request, reply) => {
    void reply.header("content-type", health.meter.contentType);
    return health.meter.text();
  });
}
