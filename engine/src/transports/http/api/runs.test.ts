import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openApi } from "../fixtures/open-engine.ts";
import type { Answered } from "../fixtures/call-api.ts";
import { until } from "../fixtures/until.ts";

const { call, engine } = await openApi({ after });
const DATA = { seat: "A1", amountMinor: 4_500 };

async function startOrder(key?: string): Promise<string> {
  const started = await engine.client.start("order", { data: DATA, ...(key === undefined ? {} : { key }) });
  return started.runId;
}

/** A run after its first command was answered: nothing moves any more until an event comes. */
async function startQuietOrder(): Promise<string> {
  const runId = await startOrder();
  await until("its seat is held", async () =>
    (await engine.client.require(runId)).version >= 2 ? true : undefined,
  );
  return runId;
}

interface Listed {
  readonly items: readonly Record<string, unknown>[];
  readonly cursor: string | null;
}
const listed = ({ body }: Answered) => body as Listed;

test("a run is read with its data, commands and timers, times in ISO 8601", async () => {
  const runId = await startQuietOrder();
  const { status, body } = await call.get(`/v1/runs/${runId}`);
  const run = body as Record<string, unknown> & { readonly timers: readonly { readonly dueAt: string }[] };
  const { lane, createdAtMs, enteredAtMs, updatedAtMs } = await engine.client.require(runId);
  const [timer] = run.timers;
  assert.equal(status, 200);
  assert.deepEqual(run, {
    runId,
    flow: "order",
    flowVersion: 3,
    key: null,
    lane,
    version: 2,
    state: "created",
    businessState: "open",
    outcome: null,
    parked: null,
    createdAt: new Date(createdAtMs).toISOString(),
    enteredAt: new Date(enteredAtMs).toISOString(),
    updatedAt: new Date(updatedAtMs).toISOString(),
    data: DATA,
    commands: [],
    timers: [{ kind: "after", dueAt: timer?.dueAt }],
  });
  assert.equal(Date.parse(timer?.dueAt ?? ""), createdAtMs + 7 * 86_400_000);
});

test("an unchanged run is answered 304 to its tag, and a changed one 200", async () => {
  const runId = await startQuietOrder();
  const first = await call.get(`/v1/runs/${runId}`);
  const etag = String(first.headers.get("etag"));
  assert.equal(etag, '"2"');
  for (const named of [etag, `W/${etag}`, `"1", ${etag}`, "*"])
    assert.equal((await call.get(`/v1/runs/${runId}`, { headers: { "if-none-match": named } })).status, 304);
  await engine.client.send(runId, { type: "Paid", data: {} });
  const changed = await call.get(`/v1/runs/${runId}`, { headers: { "if-none-match": etag } });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.get("etag"), etag);
});

test("a history is read page by page, oldest first, without a gap", async () => {
  const runId = await startQuietOrder();
  await engine.client.send(runId, { id: "e-1", type: "Paid", data: { note: "cash" } });
  await engine.client.send(runId, { type: "Closed", data: {} });
  const versions: unknown[] = [];
  let path = `/v1/runs/${runId}/history?limit=3`;
  for (let pages = 0; pages < 2; pages++) {
    const answer = await call.get(path);
    versions.push(...listed(answer).items.map(({ version }) => version));
    const link = answer.headers.get("link");
    assert.equal(link === null, listed(answer).cursor === null);
    path = /^<(.+)>; rel="next"$/.exec(link ?? "")?.[1] ?? "";
  }
  assert.deepEqual(versions, [1, 2, 3, 4]);
  assert.equal(path, "");
  const all = listed(await call.get(`/v1/runs/${runId}/history`)).items;
  const paid = all.find(({ eventId }) => eventId === "e-1");
  assert.deepEqual(
    [paid?.["kind"], paid?.["type"], paid?.["state"], paid?.["data"]],
    ["event", "Paid", "paid", { note: "cash" }],
  );
});

test("runs are listed by every filter there is", async () => {
  const [paidId, parkedId] = [await startOrder("filter-paid"), await startOrder("filter-parked")];
  await engine.client.send(paidId, { type: "Paid", data: {} });
  await engine.client.send(parkedId, { type: "Checked", data: {} });
  const { runId: doneId } = await engine.client.start("instant", { data: {}, key: "filter-done" });
  const filters: readonly (readonly [string, string])[] = [
    [paidId, "state=paid&flow=order&key=filter-paid&businessState=open&parked=false&stuckForMs=0"],
    [parkedId, "parked=true"],
    [parkedId, "flow=order&flowVersion=3&parkReason=rule-failed"],
    [doneId, "flow=instant&outcome=stamped"],
    [doneId, "key=filter-done"],
  ];
  for (const [runId, filter] of filters) {
    await until(`${filter} finds its run`, async () => {
      const { items } = listed(await call.get(`/v1/runs?${filter}`));
      return items.length === 1 && items[0]?.["runId"] === runId ? true : undefined;
    });
  }
  const future = encodeURIComponent("2100-01-01T00:00:00+02:00");
  assert.deepEqual(listed(await call.get(`/v1/runs?updatedSince=${future}`)).items, []);
  for (const filter of ["stuckForMs=86400000", "flow=order&flowVersion=2", "parkReason=undo-failed"])
    assert.deepEqual(listed(await call.get(`/v1/runs?${filter}`)).items, [], filter);
});

test("a list of runs is read page by page and keeps its filters", async () => {
  const started = new Set<string>();
  for (let at = 0; at < 5; at++) started.add((await engine.client.start("instant", { data: { at } })).runId);
  const complete = async () => listed(await call.get("/v1/runs?flow=instant&limit=200")).items;
  await until("all are projected", async () => {
    const rows = await complete();
    return [...started].every((id) => rows.some(({ runId }) => runId === id)) ? true : undefined;
  });
  const seen: string[] = [];
  let path: string | undefined = "/v1/runs?flow=instant&limit=2";
  while (path !== undefined) {
    const answer: Answered = await call.get(path);
    assert.ok(listed(answer).items.length <= 2);
    seen.push(...listed(answer).items.map(({ runId }) => String(runId)));
    path = /^<(.+)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
  }
  assert.equal(new Set(seen).size, seen.length);
  assert.deepEqual(
    seen,
    (await complete()).map(({ runId }) => runId),
  );
});

test("the id of a run may be written in any case", async () => {
  const { runId } = (
    await call.post("/v1/flows/order/runs", { body: { data: { seat: "Z9", amountMinor: 1 } } })
  ).body as { runId: string };
  const upper = runId.toUpperCase();
  assert.notEqual(upper, runId);
  const read = await call.get(`/v1/runs/${upper}`);
  assert.deepEqual([read.status, (read.body as { runId: string }).runId], [200, runId]);
  assert.equal((await call.get(`/v1/runs/${upper}/history`)).status, 200);
  const canceled = await call.post(`/v1/runs/${upper}/cancel`, { body: {} });
  assert.equal(canceled.status, 200);
});
