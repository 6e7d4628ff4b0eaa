/** The description of the API: OpenAPI 3.1 as JSON, and a page to read and try it, served from disk so that it works offline. */
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";

/** What the description says about the API as a whole. */
export interface Api {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}

/** Only our own files, nothing from elsewhere. The page writes inline styles and draws its icons from data URLs. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
  "object-src 'none'",
  "img-src 'self' data:",
  "style-src 'self' 'unsafe-inline'",
].join("; ");

/** Must be registered before the routes it describes. */
export async function registerDocs(app: FastifyInstance, info: Api): Promise<void> {
  await app.register(swagger, {
    openapi: { openapi: "3.1.0", info: { ...info } },
    // A schema keeps its own name under `components`, for the readers of the page and for generated clients.
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, at) => (typeof $id === "string" ? $id : `def-${at}`),
    },
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: CONTENT_SECURITY_POLICY,
    theme: { title: info.title },
    uiConfig: { deepLinking: true, validatorUrl: null },
  });
  app.get("/openapi.json", { schema: { hide: true } }, () => app.swagger());
}
