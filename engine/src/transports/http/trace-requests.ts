import { readTraceContext } from "@sluice/contracts/broker-message";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Span, SpanAttributes, Tracer } from "../../core/ports.ts";
import { INPUTS_PATH } from "./peers.ts";

/** What supervisors ask every few seconds; and what engines tell each other, where each input brings a trace of its own. */
const UNTRACED: ReadonlySet<string> = new Set(["/livez", "/readyz", "/metrics", INPUTS_PATH]);

/**
 * A span for each request to a server, whatever its route: what the route's handler starts, sends or asks for is part of it. A request that names
 * its trace (`traceparent`, W3C Trace Context) becomes part of that; a name that cannot be read counts as none.
 * Attributes: OpenTelemetry's semantic conventions for HTTP servers.
 */
export function traceRequests(app: FastifyInstance, tracer: Tracer): void {
  if (!tracer.isOn) return;
  const spans = new WeakMap<FastifyRequest, Span>();
  const end = (request: FastifyRequest, attributes: SpanAttributes, failure?: string): void => {
    const span = spans.get(request);
    if (span === undefined) return;
    spans.delete(request);
    span.set(attributes);
    if (failure !== undefined) span.fail(failure, "");
    span.end();
  };
  app.addHook("onRequest", (request, _reply, done) => {
    const span = beginRequest(tracer, request);
    if (span !== null) spans.set(request, span);
    done();
  });
  // What comes with the body runs in the context of its connection, so the span is entered behind it.
  app.addHook("preHandler", (request, _reply, done) => {
    const span = spans.get(request);
    if (span === undefined) done();
    else span.run(done);
  });
  app.addHook("onResponse", (request, reply, done) => {
    end(request, { "http.response.status_code": reply.statusCode }, failureOf(reply));
    done();
  });
  app.addHook("onRequestAbort", (request, done) => {
    end(request, {}, "client_closed_request");
    done();
  });
}

function beginRequest(
  tracer: Tracer,
  { method, url, headers, routeOptions, protocol }: FastifyRequest,
): Span | null {
  const [path = url] = url.split("?");
  const { url: route } = routeOptions;
  if (UNTRACED.has(path)) return null;
  return tracer.begin({
    name: route === undefined ? method : `${method} ${route}`,
    kind: "server",
    parent: readTraceContext(headers["traceparent"], String(headers["tracestate"] ?? "")),
    attributes: {
      "http.request.method": method,
      "http.route": route,
      "url.path": path,
      "url.scheme": protocol,
    },
  });
}

/** By the conventions a refusal is no failure of the server. */
function failureOf({ statusCode }: FastifyReply): string | undefined {
  return statusCode >= 500 ? String(statusCode) : undefined;
}
