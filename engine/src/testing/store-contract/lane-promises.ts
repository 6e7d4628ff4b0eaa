import assert from "node:assert/strict";
import { it } from "node:test";
import { LANES_DEFAULT, LANES_MAX } from "../../core/lane.ts";
import { makeEntry, makeRun, testRunId } from "../rows.ts";
import { LEASE_MS, TestOwner, openOwned } from "./harness.ts";
import type { OpenHarness } from "./harness.ts";

/** Deployments, leases, epochs, takeover. */
export function lanePromises(open: OpenHarness): void {
  it("keeps the number of lanes and the secret of a deployment", async (t) => {
    const harness = await open(t);
    const made = await (await harness.openStore("a")).openDeployment(4);
    const other = await harness.openStore("b");
    assert.equal(made.lanes, 4);
    assert.ok(made.secret.length >= 32);
    assert.deepEqual(await other.openDeployment(4), made);
    assert.deepEqual(await other.openDeployment(null), made);
    await assert.rejects(other.openDeployment(5), { code: "FLOW_LANES_CHANGED" });
  });

  it("makes one deployment when two engines open it at once", async (t) => {
    const harness = await open(t);
    const stores = await Promise.all([harness.openStore("a"), harness.openStore("b")]);
    const [first, second] = await Promise.all(stores.map((store) => store.openDeployment(null)));
    assert.equal(first?.lanes, LANES_DEFAULT);
    assert.deepEqual(first, second);
  });

  it("refuses a number of lanes that is out of range", async (t) => {
    const store = await (await open(t)).openStore("a");
    for (const lanes of [0, -1, 1.5, LANES_MAX + 1])
      await assert.rejects(store.openDeployment(lanes), { code: "FLOW_BAD_OPTION" });
  });

  it("saves the versions of flows once and refuses a changed definition", async (t) => {
    const store = await (await open(t)).openStore("a");
    const first = {
      flow: "tickets",
      version: 1,
      hash: "h1",
      definition: { name: "tickets", text: "\ud800\u0000" },
    };
    const second = { ...first, version: 2, hash: "h2" };
    await store.saveFlowVersions([first]);
    await store.saveFlowVersions([first, second]);
    await assert.rejects(
      store.saveFlowVersions([
        { ...first, version: 3 },
        { ...second, hash: "changed" },
      ]),
      {
        code: "FLOW_VERSION_CHANGED",
        message: /version 2 is stored with another .* version 3 and serve both/,
      },
    );
    assert.deepEqual(await store.listFlowVersions(), [first, second]);
  });

  it("gives each lane to one of two claimers", async (t) => {
    const harness = await open(t);
    const a = await harness.openStore("a");
    const b = await harness.openStore("b");
    await a.openDeployment(16);
    const laneIds = Array.from({ length: 16 }, (_, laneId) => laneId);
    const claims = await Promise.all([
      a.claimLanes({ engineId: "a", laneIds, leaseMs: LEASE_MS }),
      b.claimLanes({ engineId: "b", laneIds: laneIds.toReversed(), leaseMs: LEASE_MS }),
    ]);
    const claimed = claims.flat().map(({ laneId }) => laneId);
    assert.equal(new Set(claimed).size, claimed.length);
    const owners = new Map((await a.listLanes()).map(({ laneId, ownerId }) => [laneId, ownerId]));
    claims.forEach((lanes, at) => {
      for (const { laneId } of lanes) assert.equal(owners.get(laneId), at === 0 ? "a" : "b");
    });
  });

  it("leaves a lane with its owner until the lease has ended", async (t) => {
    const harness = await open(t);
    const a = await harness.openStore("a");
    await a.openDeployment(1);
    await a.claimLanes({ engineId: "a", laneIds: [0], leaseMs: 200 });
    const b = await harness.openStore("b");
    const claim = { engineId: "b", laneIds: [0], leaseMs: LEASE_MS };
    assert.deepEqual(await b.claimLanes(claim), []);
    await harness.passMs(250);
    const [lane] = await b.claimLanes(claim);
    assert.equal(lane?.epoch, 2);
  });

  it("renews the leases of an engine's lanes with its heartbeat", async (t) => {
    const harness = await open(t);
    const a = await harness.openStore("a");
    await a.openDeployment(2);
    await a.claimLanes({ engineId: "a", laneIds: [0], leaseMs: 200 });
    const beat = await a.heartbeat({ engineId: "a", address: null, leaseMs: LEASE_MS });
    assert.ok((beat.lanes[0]?.leaseMs ?? 0) > LEASE_MS / 2);
    assert.equal(beat.lanes[1]?.ownerId, null);
    await harness.passMs(250);
    const b = await harness.openStore("b");
    assert.deepEqual(await b.claimLanes({ engineId: "b", laneIds: [0], leaseMs: LEASE_MS }), []);
  });

  it("tells at a heartbeat who is alive, who owns what, and the time", async (t) => {
    const harness = await open(t);
    const a = await harness.openStore("a");
    const b = await harness.openStore("b");
    await a.openDeployment(2);
    await a.heartbeat({ engineId: "a", address: "http://a", leaseMs: 200, serves: ["tickets@1"] });
    await a.claimLanes({ engineId: "a", laneIds: [1], leaseMs: 200 });
    const first = await b.heartbeat({ engineId: "b", address: null, leaseMs: LEASE_MS });
    assert.deepEqual(first.engines, [
      { engineId: "a", address: "http://a", serves: ["tickets@1"] },
      { engineId: "b", address: null, serves: [] },
    ]);
    assert.deepEqual(
      first.lanes.map(({ laneId, ownerId, ownerAddress }) => [laneId, ownerId, ownerAddress]),
      [
        [0, null, null],
        [1, "a", "http://a"],
      ],
    );
    await harness.passMs(250);
    const second = await b.heartbeat({ engineId: "b", address: null, leaseMs: LEASE_MS });
    assert.deepEqual(second.engines, [{ engineId: "b", address: null, serves: [] }]);
    assert.ok((second.lanes[1]?.leaseMs ?? 0) <= 0);
    assert.ok(second.nowMs >= first.nowMs + 250);
    assert.ok(Number.isInteger(second.nowMs));
  });

  it("hands a takeover the lane's positions and the outbox rows above the published one", async (t) => {
    const { harness, owner } = await openOwned(t, open);
    const runId = testRunId(1);
    const outbox = [1, 2, 3].map((position) => ({
      lane: 2,
      position,
      runId,
      commandId: `${runId}:1:${position}`,
      attempt: 1,
    }));
    await owner.commit({
      lanes: [owner.step(2, { outboxPosition: 3 })],
      runs: [makeRun({ runId, lane: 2 })],
      history: [{ runId, lane: 2, entries: [makeEntry(1)] }],
      outbox,
    });
    await owner.commit({ lanes: [owner.step(2, { outboxPosition: 3, publishedPosition: 1 })] });
    await owner.store.leave("a");
    const b = await harness.openStore("b");
    const [lane] = await b.claimLanes({ engineId: "b", laneIds: [2], leaseMs: LEASE_MS });
    assert.equal(lane?.epoch, 2);
    assert.equal(lane?.batchNumber, 2);
    assert.equal(lane?.outboxPosition, 3);
    assert.equal(lane?.publishedPosition, 1);
    assert.deepEqual(lane?.unpublished, outbox.slice(1));
  });

  it("lets an owner begin afresh with a lane of its own", async (t) => {
    const { owner } = await openOwned(t, open);
    const before = owner.writes({ lanes: [owner.step(1)] });
    const [lane] = await owner.claim([1]);
    assert.equal(lane?.epoch, 2);
    await assert.rejects(owner.writer.openBatch().commit(before), { code: "FLOW_LANE_LOST" });
    await owner.commit({ lanes: [owner.step(1)] });
  });

  it("frees the lanes an engine leaves, and none under another epoch", async (t) => {
    const { harness, store } = await openOwned(t, open);
    await store.leaveLanes("a", [
      { laneId: 0, epoch: 1 },
      { laneId: 1, epoch: 7 },
    ]);
    const b = await harness.openStore("b");
    const claim = { engineId: "b", laneIds: [0, 1, 2], leaseMs: LEASE_MS };
    assert.deepEqual(
      (await b.claimLanes(claim)).map(({ laneId }) => laneId),
      [0],
    );
    await store.leave("a");
    const rest = await b.claimLanes({ ...claim, laneIds: [1, 2] });
    assert.deepEqual(
      rest.map(({ laneId }) => laneId),
      [1, 2],
    );
    const { engines } = await b.heartbeat({ engineId: "b", address: null, leaseMs: LEASE_MS });
    assert.deepEqual(engines, [{ engineId: "b", address: null, serves: [] }]);
  });

  it("ends a frozen owner's transaction at takeover", async (t) => {
    const harness = await open(t);
    const a = await harness.openStore("a");
    await a.openDeployment(1);
    const frozen = await TestOwner.open(a, "a");
    await frozen.claim([0], 200);
    const batch = frozen.writer.openBatch();
    await batch.withTransaction((transaction) => harness.increment(transaction, "hot", 1));
    await harness.passMs(250);

    const b = await TestOwner.open(await harness.openStore("b"), "b");
    assert.equal((await b.claim([0])).length, 1);
    const taken = b.writer.openBatch();
    await taken.withTransaction((transaction) => harness.increment(transaction, "hot", 10));
    await taken.commit(b.writes({ lanes: [b.step(0)] }));
    await assert.rejects(batch.commit(frozen.writes({ lanes: [frozen.step(0)] })), {
      code: "FLOW_STORE_UNAVAILABLE",
    });
    assert.equal(await harness.readCounter("hot"), 10);
    await assert.rejects(frozen.commit({ lanes: [frozen.step(0)] }), { code: "FLOW_LANE_LOST" });
  });

  it("refuses everything once it is closed", async (t) => {
    const { store, owner } = await openOwned(t, open);
    await store.close();
    await assert.rejects(store.listLanes(), { code: "FLOW_STORE_UNAVAILABLE" });
    await assert.rejects(
      async () => owner.writer.openBatch().commit(owner.writes({ lanes: [owner.step(0)] })),
      { code: "FLOW_STORE_UNAVAILABLE" },
    );
  });
}
