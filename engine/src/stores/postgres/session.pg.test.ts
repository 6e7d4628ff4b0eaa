import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openPostgresHarness } from "./fixtures/harness.ts";
import { resolvePostgresStoreOptions } from "./options.ts";
import { PostgresSession } from "./session.ts";

/** Node has the collector behind a flag, which contexts see that are made after it. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

it("keeps nothing of what was answered, however long it lives", async (t) => {
  const { target } = await openPostgresHarness(t);
  const session = await PostgresSession.open({
    store: resolvePostgresStoreOptions({ target, engineId: "a" }),
    applicationName: "session",
    settings: {},
  });
  t.after(() => session.close());
  const answers: WeakRef<object>[] = [];
  const ask = async (): Promise<void> => {
    answers.push(new WeakRef(await session.run(session.sql`select 1 as one`)));
    answers.push(new WeakRef(await session.orLost(Promise.resolve({}))));
  };
  for (let n = 0; n < 10; n++) await ask();
  await nextTurn();
  collectGarbage();
  const kept = answers.filter((answer) => answer.deref() !== undefined);
  // The driver holds on to the last statement until the next one.
  assert.ok(kept.length <= 2, `${kept.length} of ${answers.length} answers are still in memory`);
});

it("fails what waits when the connection is lost, and what is asked after it", async (t) => {
  const { target } = await openPostgresHarness(t);
  const session = await PostgresSession.open({
    store: resolvePostgresStoreOptions({ target, engineId: "a" }),
    applicationName: "session",
    settings: {},
  });
  const lost = { code: "FLOW_STORE_UNAVAILABLE" };
  const waiting = [session.run(session.sql`select pg_sleep(60)`), session.orLost(new Promise(() => {}))];
  const failures = Promise.all(waiting.map((each) => assert.rejects(each, lost)));
  session.destroy();
  await failures;
  await assert.rejects(session.run(session.sql`select 1`), lost);
  await assert.rejects(session.orLost(new Promise(() => {})), lost);
});
