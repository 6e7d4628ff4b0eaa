import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { memoryDatabase, openApi } from "../fixtures/open-engine.ts";
import { until } from "../fixtures/until.ts";
import { makeApiKey } from "./api-key.ts";
import { checkKeyGrace, checkKeyLifetime, checkKeyName } from "./key-rules.ts";
import { manageKeys } from "./manage-keys.ts";

const api = { access: { isKeyRequired: true } };
const database = memoryDatabase();
const { call, engine, url } = await openApi({ after }, { api, database });
/** Another server of the same deployment. */
const other = await openApi({ after }, { api, database, engineId: "engine-b" });
const keys = manageKeys(engine.store, randomUUID);
async function make(name: string, scope: "read" | "operate" | "admin", endsInMs: number | null = null) {
  const { row, key } = await keys.create({ name, scopes: [scope], endsInMs }, "test");
  return { keyId: row.keyId, key };
}
const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const admin = await make("root", "admin");

test("a key may do what its scope says and what lesser scopes may", async () => {
  const [reader, operator] = [await make("dashboard", "read"), await make("shop", "operate")];
  const start = { body: { data: { seat: "A1", amountMinor: 1 } } };
  assert.equal((await call.get("/v1/runs", bearer(reader.key))).status, 200);
  assert.equal((await call.post("/v1/flows/order/runs", { ...bearer(reader.key), ...start })).status, 403);
  assert.equal((await call.post("/v1/flows/order/runs", { ...bearer(operator.key), ...start })).status, 201);
  assert.equal((await call.get("/v1/runs", bearer(operator.key))).status, 200);
  assert.equal((await call.get("/v1/keys", bearer(operator.key))).status, 403);
  assert.equal((await call.get("/v1/keys", bearer(admin.key))).status, 200);
});

test("every refusal of a key looks the same", async () => {
  const revoked = await make("gone", "admin");
  await engine.store.endApiKey(revoked.keyId, null);
  const expired = await make("late", "admin", 1);
  const wrong = `${admin.key.slice(0, -1)}${admin.key.endsWith("A") ? "B" : "A"}`;
  const headers: Record<string, string>[] = [
    {},
    { authorization: "" },
    { authorization: "Basic cm9vdDpyb290" },
    { authorization: `Bearer ${makeApiKey().text}` },
    { authorization: `Bearer ${wrong}` },
    { authorization: `Bearer ${revoked.key}` },
    { authorization: `Bearer ${expired.key}` },
    { authorization: `Bearer ${"x".repeat(4_000)}` },
  ];
  const bodies = new Set<string>();
  for (const each of headers) {
    const answer = await call.get("/v1/runs", { headers: each });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get("www-authenticate"), 'Bearer realm="sluice"');
    const { instance: _, ...body } = answer.body as Record<string, unknown>;
    bodies.add(JSON.stringify(body).replaceAll(/"requestId":"[^"]*"/g, ""));
  }
  assert.equal(bodies.size, 1, [...bodies].join("\n"));
});

test("a wrong body is not read before the key is judged", async () => {
  const answer = await call.post("/v1/flows/order/runs", { text: "{ no json" });
  assert.equal(answer.status, 401);
});

test("a rotated key goes on until its grace is over, and the new one works at once", async () => {
  const old = await make("billing", "read");
  const answer = await call.post(`/v1/keys/${old.keyId}/rotate`, {
    ...bearer(admin.key),
    body: { graceSeconds: 60 },
  });
  assert.equal(answer.status, 201);
  const { key } = answer.body as { key: string };
  assert.equal((await call.get("/v1/runs", bearer(old.key))).status, 200);
  assert.equal((await call.get("/v1/runs", bearer(key))).status, 200);
});

test("a key that is shown works at every server at once, and has its whole life before it", async () => {
  const ask = (body: object) => call.post("/v1/keys", { ...bearer(admin.key), body });
  // Whoever asks before has the other server read its keys, which then are as old as they may be.
  assert.equal((await other.call.get("/v1/runs", bearer(admin.key))).status, 200);
  const { body: made } = await ask({ name: "everywhere", scopes: ["read"], expiresInSeconds: 2 });
  const shownAtMs = Date.now();
  const { keyId, key, expiresAt } = made as { keyId: string; key: string; expiresAt: string };
  assert.equal((await other.call.get("/v1/runs", bearer(key))).status, 200);
  assert.ok(Date.parse(expiresAt) - shownAtMs > 1_500, `it ends at ${expiresAt}`);
  const { body: next } = await call.post(`/v1/keys/${keyId}/rotate`, { ...bearer(admin.key), body: {} });
  assert.equal((await other.call.get("/v1/runs", bearer((next as { key: string }).key))).status, 200);
});

test("a key is rotated without a body, and keeps its name, its scope and its end", async () => {
  const old = await make("nightly", "operate", 90_000);
  const response = await fetch(`${url}/v1/keys/${old.keyId}/rotate`, {
    method: "POST",
    ...bearer(admin.key),
  });
  assert.equal(response.status, 201);
  const made = (await response.json()) as { readonly keyId: string };
  const rows = new Map((await keys.list()).map((row) => [row.keyId, row]));
  const [before, now] = [rows.get(old.keyId), rows.get(made.keyId)];
  assert.deepEqual([now?.name, now?.scopes], ["nightly", ["operate"]]);
  assert.ok(Math.abs(Number(now?.expiresAtMs) - Number(before?.expiresAtMs)) < 10_000);
});

test("a key that has ended is not replaced by one that is over when it is made", async () => {
  const expired = await make("late", "admin", 1);
  const revoked = await make("gone", "admin");
  await keys.revoke(revoked.keyId, "test");
  await until("it has expired", async () => {
    const row = await rowOf(expired.keyId);
    return Date.now() > Number(row?.expiresAtMs) ? row : undefined;
  });
  const count = (await keys.list()).length;
  for (const { keyId } of [expired, revoked]) {
    const answer = await call.post(`/v1/keys/${keyId}/rotate`, { ...bearer(admin.key), body: {} });
    assert.deepEqual([answer.status, (answer.body as { code: string }).code], [404, "FLOW_UNKNOWN_KEY"]);
  }
  assert.equal((await keys.list()).length, count);
});

test("keys are listed page by page, each once", async () => {
  const listed: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = (await call.get(`/v1/keys?limit=2${query}`, bearer(admin.key))).body as {
      readonly items: readonly { readonly keyId: string }[];
      readonly cursor: string | null;
    };
    assert.ok(page.items.length <= 2);
    listed.push(...page.items.map(({ keyId }) => keyId));
    cursor = page.cursor;
  }
  assert.deepEqual(listed.toSorted(), (await keys.list()).map(({ keyId }) => keyId).toSorted());
});

async function rowOf(keyId: string) {
  return (await keys.list()).find((row) => row.keyId === keyId);
}

test("a revoked key is refused from then on, and the audit says who revoked it", async () => {
  const made = await call.post("/v1/keys", {
    ...bearer(admin.key),
    body: { name: "temp", scopes: ["operate"], expiresInSeconds: 3_600 },
  });
  const { keyId, key } = made.body as { keyId: string; key: string };
  assert.equal((await call.get("/v1/runs", bearer(key))).status, 200);
  const revoked = await fetch(`${url}/v1/keys/${keyId}`, { method: "DELETE", ...bearer(admin.key) });
  assert.equal(revoked.status, 204);
  assert.equal((await call.get("/v1/runs", bearer(key))).status, 401);
  const [action] = (await engine.operator.listActions({ kind: "key.revoke", limit: 1 })).items;
  assert.deepEqual([action?.by, action?.subject], ["root", { keyId, name: "temp" }]);
});

test("no stored row and no list holds a key", async () => {
  const rows = JSON.stringify(await engine.store.listApiKeys());
  const listed = JSON.stringify((await call.get("/v1/keys", bearer(admin.key))).body);
  // The secret itself may have an underline.
  const secret = admin.key.split("_").slice(2).join("_");
  assert.ok(secret.length > 40 && !rows.includes(secret) && !listed.includes(secret));
});

test("over HTTP a key is asked for by the same rule as with `sluice keys`", async () => {
  const create = (fields: object) =>
    call.post("/v1/keys", { ...bearer(admin.key), body: { name: "ok", scopes: ["read"], ...fields } });
  for (const name of ["", " ", "ops ", " ops", "a\nb", "x".repeat(101), "-ops", "größe"]) {
    assert.equal((await create({ name })).status, 400, JSON.stringify(name));
    assert.throws(() => checkKeyName(name), { code: "FLOW_BAD_QUERY" });
  }
  for (const seconds of [0, 31_536_001]) {
    assert.equal((await create({ expiresInSeconds: seconds })).status, 400);
    assert.throws(() => checkKeyLifetime(seconds * 1_000), { code: "FLOW_BAD_QUERY" });
  }
  for (const scopes of [[], ["read", "operate"]]) assert.equal((await create({ scopes })).status, 400);
  const made = await create({ name: "a b@c-d.e_f", expiresInSeconds: 1 });
  assert.equal(made.status, 201);
  checkKeyName("a b@c-d.e_f");
  checkKeyLifetime(1_000);
  const { keyId } = made.body as { keyId: string };
  const tooLong = { ...bearer(admin.key), body: { graceSeconds: 604_801 } };
  assert.equal((await call.post(`/v1/keys/${keyId}/rotate`, tooLong)).status, 400);
  assert.throws(() => checkKeyGrace(604_801_000), { code: "FLOW_BAD_QUERY" });
});

test("a wait for the end of a run ends with the key that asked for it, and shows no run", async () => {
  const { keyId, key } = await make("impatient", "operate");
  await until("the key is known", async () =>
    (await call.get("/v1/runs", bearer(key))).status === 200 ? true : undefined,
  );
  const wait = { authorization: `Bearer ${key}`, prefer: "wait=30", "idempotency-key": "wait-1" };
  const asked = call.post("/v1/flows/order/runs", {
    headers: wait,
    body: { key: "wait-1", data: { seat: "A1", amountMinor: 1 } },
  });
  await until("the run is there", async () => {
    const { items } = await engine.client.list({ flow: "order", key: "wait-1", limit: 1 });
    return items.length === 1 ? true : undefined;
  });
  const beganMs = performance.now();
  const revoked = await fetch(`${url}/v1/keys/${keyId}`, { method: "DELETE", ...bearer(admin.key) });
  assert.equal(revoked.status, 204);
  const answer = await asked;
  assert.ok(performance.now() - beganMs < 10_000, "the wait went on");
  assert.equal(answer.status, 202);
  assert.deepEqual(Object.keys(answer.body as object).toSorted(), ["flow", "key", "runId"]);
});
