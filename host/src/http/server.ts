/**
 * The HTTP server of a process: routes are the caller's; errors, limits, health, metrics, documents and stopping are here.
 * H1  Every error leaves as a problem body (RFC 9457) made by `toProblem`.
 * H2  A request in flight is counted from its first header to the close of its answer, whatever happens between.
 * H3  The bodies in flight are bounded in bytes, all together, and what they took is given back with their answers.
 * H4  Who finds all places taken is refused before anything is made of the request: refusing must not cost what serving needs.
 * H5  Told to stop, it says that it is not ready and serves on for `drainMs`; then nothing new is admitted, what is in flight finishes, and after
 *     `stopMs` it is cut.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server as HttpServerOfNode } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { PROBLEM_SCHEMA } from "@sluice/contracts/problem";
import { LogController, fastify } from "fastify";
import type { FastifyBaseLogger, FastifyHttpOptions, FastifyInstance, FastifyReply } from "fastify";
import { createAdmission } from "../admission.ts";
import type { Admission } from "../admission.ts";
import { hostError } from "../errors.ts";
import type { Log, ProcessLog } from "../log.ts";
import type { HistogramMetric, ProcessMeter } from "../metrics.ts";
import { registerBodyBytes } from "./body-bytes.ts";
import { answerClientError } from "./client-error.ts";
import { registerConnections } from "./connections.ts";
import { registerDocs } from "./docs.ts";
import type { Api } from "./docs.ts";
import { announceClose, drain, trackSockets } from "./drain.ts";
import type { Sockets } from "./drain.ts";
import { registerEntry, trackLinks } from "./entry.ts";
import { registerErrorsPage } from "./errors-page.ts";
import { fromFastifyError } from "./fastify-errors.ts";
import { registerHealth } from "./health.ts";
import { registerJsonBody } from "./json-body.ts";
import { listen } from "./listen.ts";
import type { Address } from "./listen.ts";
import { trackMethods } from "./methods.ts";
import type { ResolvedHttpOptions } from "./options.ts";
import type { ReadinessCheck } from "./readiness.ts";
import { refuseEarly } from "./refuse-early.ts";
import { registerRequestHead } from "./request-head.ts";
import { toProblem } from "./status.ts";
import { buildValidator } from "./validator.ts";

export { resolveHttpOptions } from "./options.ts";
export type { HttpOptions, ResolvedHttpOptions } from "./options.ts";
export { isLoopback } from "./loopback.ts";
export { describeErrors } from "./errors-page.ts";
export type { ErrorSection } from "./errors-page.ts";
export { findPortHolder } from "./port-holder.ts";
export type { ReadinessCheck } from "./readiness.ts";
export type { Api } from "./docs.ts";

export interface HttpServerOptions {
  readonly options: ResolvedHttpOptions;
  readonly log: ProcessLog;
  readonly meter: ProcessMeter;
  readonly info: Api;
  /** Markdown of the page of errors, served at `/docs/errors`; applications add theirs by `describeErrors`. */
  readonly errorsPage?: string;
}

export interface HttpServer {
  /** Where routes are added, before `listen`. */
  readonly app: FastifyInstance;
  /** Adds a named check to `/readyz`. */
  addReadinessCheck(name: string, check: ReadinessCheck): void;
  /** @throws HOST_PORT_TAKEN (conflict) that names the holder; HOST_BAD_OPTION (invalid) for an address that is not ours */
  listen(): Promise<Address & { readonly url: string }>;
  /** After `drainMs` stops accepting, finishes what is in flight, at most `stopMs` long; a second call waits for the first. */
  stop(): Promise<void>;
}

/** Makes the server; it listens only when told to. */
export async function createHttpServer(config: HttpServerOptions): Promise<HttpServer> {
  const { options, info, log } = config;
  const app = createApp(options, log);
  const checks = new Map<string, ReadinessCheck>();
  const state: State = { isLeaving: false, isStopping: false };
  const sockets = trackSockets(app);

  registerRequestHead(app);
  announceClose(app, () => state.isLeaving);
  registerConnections(app, options);
  const admission = createAdmission(options);
  registerAdmission(app, options, state, admission);
  registerBodyBytes(app, options);
  registerJsonBody(app);
  registerErrors(app, options, log, trackMethods(app));
  const seconds = registerRequestLog(app, config);
  refuseEarly(app, {
    admission,
    isStopping: () => state.isStopping,
    refused: (method, status) => seconds.observe({ method, route: "unknown", status }, 0),
  });
  await registerDocs(app, info);
  registerErrorsPage(app, config.errorsPage ?? "# Errors\n");
  app.addSchema(PROBLEM_SCHEMA);
  const links = trackLinks(app);
  registerHealth(app, {
    checks,
    checkMs: options.checkMs,
    isStopping: () => state.isLeaving,
    meter: config.meter,
  });

  let stopping: Promise<void> | undefined;
  return {
    app,
    addReadinessCheck: (name, check) => void checks.set(name, check),
    async listen() {
      registerEntry(app, info, links);
      const address = await listen(app, options);
      return { ...address, url: `http://${hostInUrl(address.host)}:${address.port}` };
    },
    stop() {
      return (stopping ??= stop(app, sockets, state, config));
    },
  };
}

async function stop(
  app: Server,
  sockets: Sockets,
  state: State,
  { options, log }: HttpServerOptions,
): Promise<void> {
  const { drainMs, stopMs } = options;
  state.isLeaving = true;
  // Who has never listened has nobody to tell.
  if (drainMs > 0 && app.server.listening) await sleep(drainMs);
  state.isStopping = true;
  await drain(app, sockets, stopMs, log);
}

type Server = FastifyInstance;

/** Room for ids and keys of other systems in a path. */
const PATH_PARAMETER_CHARACTERS_MAX = 512;

/** Node looks for requests that take too long to arrive only so often; its own 30 s would double the time to wait. */
const REQUEST_CHECK_MS_MAX = 5000;

function createApp(options: ResolvedHttpOptions, log: ProcessLog): Server {
  const settings: FastifyHttpOptions<HttpServerOfNode, FastifyBaseLogger> = {
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    bodyLimit: options.bodyBytesMax,
    requestTimeout: options.requestMs,
    http: {
      // Ours is a problem body: see registerRequestHead.
      requireHostHeader: false,
      headersTimeout: options.requestMs,
      requestTimeout: options.requestMs,
      connectionsCheckingInterval: Math.min(options.requestMs, REQUEST_CHECK_MS_MAX),
    },
    connectionTimeout: options.connectionMs,
    keepAliveTimeout: options.keepAliveMs,
    // Ours is a problem body: see registerAdmission.
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, _request, reply) => void answer(reply, error, options, log),
    schemaController: { compilersFactory: { buildValidator } },
    routerOptions: { maxParamLength: PATH_PARAMETER_CHARACTERS_MAX },
  };
  return fastify(settings);
}

const REQUEST_ID_PATTERN = /^[\w.:-]{1,128}$/;

/** The caller's id where it has one that is safe to log. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && REQUEST_ID_PATTERN.test(given) ? given : randomUUID();
}

interface State {
  /** Told to stop; who comes is served. */
  isLeaving: boolean;
  /** Nothing new is admitted. */
  isStopping: boolean;
}

function registerAdmission(
  app: Server,
  options: ResolvedHttpOptions,
  state: State,
  admission: Admission,
): void {
  app.addHook("onRequest", (request, reply, done) => {
    if (request.routeOptions.config.isAlwaysAdmitted !== true) {
      if (state.isStopping) {
        const message = "the process is stopping and takes nothing new; try again in a moment";
        throw hostError("HOST_STOPPING", message, { retryAfterMs: options.retryAfterMs });
      }
      admission.enter();
      // "close" comes exactly once, also when the client left before its answer.
      reply.raw.once("close", admission.leave);
    }
    done();
  });
}

function registerErrors(
  app: Server,
  options: ResolvedHttpOptions,
  log: Log,
  methodsOf: (path: string) => readonly string[],
): void {
  app.setErrorHandler((error, _request, reply) => answer(reply, error, options, log));
  app.setNotFoundHandler((request, reply) => {
    const { method } = request;
    const path = pathOf(request.url);
    const methods = methodsOf(path);
    if (methods.length === 0) {
      const message = `there is no ${method} ${path}, expected a route of /openapi.json`;
      return answer(reply, hostError("HOST_NO_SUCH_ROUTE", message), options, log);
    }
    const message = `${path} takes no ${method}, expected ${methods.join(" or ")}`;
    void reply.header("allow", methods.join(", "));
    return answer(reply, hostError("HOST_METHOD_NOT_ALLOWED", message), options, log);
  });
}

function answer(reply: FastifyReply, error: unknown, options: ResolvedHttpOptions, log: Log): FastifyReply {
  const { status, headers, body } = toProblem(fromFastifyError(error, options), { log });
  // As text: a route's response schema for this status must not cut fields from a problem.
  return reply
    .code(status)
    .headers({ ...headers })
    .send(JSON.stringify(body));
}

function pathOf(url: string): string {
  return url.split("?", 1)[0] ?? url;
}

const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Every request is measured; it is logged only where somebody debugs, for a line costs more than most answers. */
function registerRequestLog(app: Server, { log, meter }: HttpServerOptions): HistogramMetric {
  const seconds = meter.histogram(
    "sluice_http_request_seconds",
    "Time from the first header of a request to the end of its answer.",
    ["method", "route", "status"],
    SECONDS_BUCKETS,
  );
  app.addHook("onResponse", (request, reply, done) => {
    const { method } = request;
    const { statusCode: status, elapsedTime: tookMs } = reply;
    seconds.observe({ method, route: request.routeOptions.url ?? "unknown", status }, tookMs / 1000);
    if (log.isLevelEnabled("debug")) {
      log.debug({ requestId: request.id, method, path: pathOf(request.url), status, tookMs }, "answered");
    }
    done();
  });
  return seconds;
}

function hostInUrl(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
