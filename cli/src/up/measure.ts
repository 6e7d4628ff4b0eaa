/** Gauges that cost a query are brought up to date when somebody scrapes, and only then. */
import type { Log } from "@sluice/host/log";
import type { FastifyInstance } from "fastify";

/** A scrape that the database holds up answers with what was known before. */
const MEASURE_MS_MAX = 2_000;

/** Runs `measure` before each answer of `/metrics`; a failure is logged, and the scrape goes on. */
export function measureBeforeScrape(
  app: Pick<FastifyInstance, "addHook">,
  measure: () => Promise<void>,
  log: Pick<Log, "warn">,
): void {
  app.addHook("preHandler", (request, _reply, done) => {
    if (request.routeOptions.url !== "/metrics") {
      done();
      return;
    }
    const bound = Promise.withResolvers<void>();
    const timer = setTimeout(bound.resolve, MEASURE_MS_MAX);
    const measured = measure().catch((error: unknown) => {
      log.warn({ error }, "the gauges could not be brought up to date");
    });
    void Promise.race([measured, bound.promise]).then(() => {
      clearTimeout(timer);
      done();
    });
  });
}
