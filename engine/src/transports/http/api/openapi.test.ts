import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ENGINE_ERRORS, engineError } from "../../../core/errors.ts";
import type { EngineErrorCode } from "../../../core/errors.ts";
import { PROBLEM_SCHEMA } from "@sluice/contracts/problem";
import { HOST_ERRORS, hostError } from "@sluice/host/errors";
import { STATUS_OF_KIND, toProblem } from "@sluice/host/status";
import { Ajv2020 } from "ajv/dist/2020.js";
import { memoryInbox } from "../../../participant/inbox.ts";
import { receiveCommand } from "../../../participant/receive-command.ts";
import { commandRoute } from "../command-route.ts";
import { openApi } from "../fixtures/open-engine.ts";
import { openServer } from "../fixtures/open-server.ts";

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}
interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

const { call } = await openApi({ after });
const description = (await call.get("/openapi.json")).body as Description;
const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
);

test("the entry of the API names every list that it has", async () => {
  const { links } = (await call.get("/v1")).body as {
    readonly links: readonly { readonly href: string; readonly title: string }[];
  };
  const lists = operations.flatMap(({ name }) => /^get (\/v1\/[^{]+)$/.exec(name)?.[1] ?? []);
  assert.deepEqual(links.map(({ href }) => href).toSorted(), lists.toSorted());
  assert.ok(links.every(({ title }) => title !== ""));
});

test("the API describes every public route, and only those", () => {
  assert.match(description.openapi, /^3\.1\./);
  assert.deepEqual(operations.map(({ name }) => name).toSorted(), [
    "delete /v1/keys/{id}",
    "get /",
    "get /livez",
    "get /metrics",
    "get /readyz",
    "get /v1",
    "get /v1/audit",
    "get /v1/dead-letter-queues",
    "get /v1/dead-letter-queues/{name}",
    "get /v1/dead-letters",
    "get /v1/dead-letters/{id}",
    "get /v1/flows",
    "get /v1/flows/{flow}",
    "get /v1/flows/{flow}/diagram",
    "get /v1/jobs",
    "get /v1/jobs/{id}",
    "get /v1/keys",
    "get /v1/lanes",
    "get /v1/pauses",
    "get /v1/runs",
    "get /v1/runs/{id}",
    "get /v1/runs/{id}/history",
    "get /v1/runs/{id}/stream",
    "post /v1/dead-letter-queues/{name}/discard",
    "post /v1/dead-letter-queues/{name}/redrive",
    "post /v1/dead-letters/redrive",
    "post /v1/flows/{flow}/runs",
    "post /v1/jobs",
    "post /v1/jobs/preview",
    "post /v1/jobs/{id}/stop",
    "post /v1/keys",
    "post /v1/keys/{id}/rotate",
    "post /v1/pauses",
    "post /v1/pauses/resume",
    "post /v1/runs/{id}/cancel",
    "post /v1/runs/{id}/events",
    "post /v1/runs/{id}/force",
    "post /v1/runs/{id}/migrate",
    "post /v1/runs/{id}/redrive",
    "post /v1/runs/{id}/retry",
    "post /v1/runs/{id}/skip",
  ]);
});

test("every operation of the API has an id of its own, a summary and a tag", () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, operations.length);
  for (const { name, operation } of operations) {
    assert.ok(operation.operationId && operation.summary && operation.tags?.length === 1, name);
    for (const response of Object.values(operation.responses)) assert.ok(response.description, name);
  }
});

test("every reference within the API's description leads somewhere", () => {
  const references = JSON.stringify(description).match(/"\$ref":"[^"]*"/g) ?? [];
  assert.ok(references.length > 20);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(description, "openapi");
  for (const reference of new Set(references)) {
    const { $ref } = JSON.parse(`{${reference}}`) as { readonly $ref: string };
    assert.ok($ref.startsWith("#/components/schemas/"));
    assert.doesNotThrow(() => ajv.compile({ $ref: `openapi${$ref}` }));
  }
});

test("every code that the API's description names is answered with the status it stands under", async (t) => {
  const participant = await openServer(t, ({ app }) =>
    app.register(commandRoute({ receive: () => assert.fail() })),
  );
  const commands = (await (await fetch(`${participant}/openapi.json`)).json()) as Description;
  const all = [
    ...operations.map(({ operation }) => operation),
    ...Object.values(commands.paths).flatMap(Object.values),
  ];
  const named = (all as Operation[]).flatMap(({ responses }) =>
    Object.entries(responses)
      .filter(([status]) => Number(status) >= 400)
      .flatMap(([status, response]) =>
        response.description.split(", ").map((code) => [Number(status), code] as const),
      ),
  );
  assert.ok(named.length > 50);
  for (const [status, code] of named) assert.equal(toProblem(errorOf(code)).status, status, code);
});

function errorOf(code: string): Error {
  if (Object.hasOwn(ENGINE_ERRORS, code)) return engineError(code as EngineErrorCode, "named");
  if (Object.hasOwn(HOST_ERRORS, code)) return hostError(code as keyof typeof HOST_ERRORS, "named");
  return assert.fail(`${code} stands in no catalogue`);
}

test("the described problem has the kinds that the host answers with", () => {
  assert.deepEqual(PROBLEM_SCHEMA.properties.kind.enum.toSorted(), Object.keys(STATUS_OF_KIND).toSorted());
});

test("a command route is described, and answers what is no command with a problem", async (t) => {
  const receiver = { handlers: {}, inbox: memoryInbox() };
  const receive = commandRoute({
    path: "/refunds",
    receive: (delivery) => receiveCommand(receiver, delivery),
  });
  const url = await openServer(t, ({ app }) => app.register(receive));
  const described = (await (await fetch(`${url}/openapi.json`)).json()) as Description;
  assert.ok("/refunds" in described.paths);
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/refunds`, { method: "POST", headers, body: "{}" });
  assert.equal(answer.status, 400);
  assert.equal(((await answer.json()) as { readonly code: string }).code, "HOST_BAD_REQUEST");
});
