import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { testKafka, whyMissing } from "@sluice/host/stack-testing";
import { openPlace } from "./fixtures/place.ts";
import type { Place } from "./fixtures/place.ts";
import { until } from "../../testing/until.ts";
import { GroupConsumer } from "./group-consumer.ts";
import { resolveKafkaOptions } from "./options.ts";

const MEMBER = fileURLToPath(new URL("fixtures/member-process.ts", import.meta.url));
/** Both partitions have some of them. */
const KEYS = Array.from({ length: 20 }, (_, number) => `run-${number}`);

interface Member {
  /** What it was handed, as often as it was. */
  readonly seen: readonly string[];
}

function spawnMember(
  t: TestContext,
  { engine, eventsTopic }: Place,
): Member & { readonly child: ChildProcess } {
  const child = spawn(process.execPath, [MEMBER, JSON.stringify({ options: engine, topic: eventsTopic })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const seen: string[] = [];
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    seen.push(...lines);
  });
  return { child, seen };
}

async function joinHere(t: TestContext, { engine, eventsTopic }: Place): Promise<Member> {
  const seen: string[] = [];
  const consumer = new GroupConsumer(resolveKafkaOptions(engine, eventsTopic), eventsTopic, {
    handle: async ({ value }) => void seen.push(String(value)),
  });
  t.after(() => consumer.stop(AbortSignal.timeout(5_000)));
  await consumer.start();
  return { seen };
}

describe("Members of a group that reads Kafka", { skip: await whyMissing("kafka"), timeout: 180_000 }, () => {
  it("lose nothing when one is frozen past its session and wakes, or is killed", async (t) => {
    const place = await openPlace(t, (await testKafka(t)).address);
    let written = 0;
    const write = (count: number) => {
      const messages = Array.from({ length: count }, (_, number) => ({
        key: KEYS[number % KEYS.length] ?? "",
        headers: {},
        body: Buffer.from(`m${written + number}`),
      }));
      written += count;
      return place.inject(place.eventsTopic, messages);
    };
    const here = await joinHere(t, place);
    const there = spawnMember(t, place);
    await until("the other has joined", () => there.seen.includes("joined"));
    const all = () => new Set([...here.seen, ...there.seen.filter((line) => line !== "joined")]).size;

    await write(200);
    await until("both have a part of it", () => all() === written && there.seen.length > 50);
    there.child.kill("SIGSTOP");
    await write(200);
    await until("its part comes to the one that lives", () => all() === written);
    there.child.kill("SIGCONT");
    const before = there.seen.length;
    await until("it has a part again", async () => {
      await write(20);
      return there.seen.length > before + 50;
    });
    await until("nothing is missing", () => all() === written);
    there.child.kill("SIGKILL");
    await write(200);
    await until("all comes to the one that is left", () => all() === written);
    assert.ok(here.seen.length >= 200);
  });
});
