import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { benchFolder } from "./bench-folder.ts";
import { measureFsyncMs } from "./fsync-latency.ts";

const IN_MEMORY = "/dev/shm";

describe("the folder of a benchmark", () => {
  it(
    "lies on a disk where there is one",
    { skip: existsSync(IN_MEMORY) ? false : "there is no folder in memory here" },
    () => {
      assert.deepEqual(benchFolder([IN_MEMORY, import.meta.dirname]), {
        path: import.meta.dirname,
        isInMemory: false,
      });
      assert.deepEqual(benchFolder([IN_MEMORY]), { path: IN_MEMORY, isInMemory: true });
    },
  );

  it("is none that does not exist", () => {
    assert.equal(benchFolder(["/nowhere", import.meta.dirname]).path, import.meta.dirname);
  });

  it("has a disk that takes some time to make a page durable", async () => {
    const ms = await measureFsyncMs(benchFolder().path);
    assert.ok(ms > 0 && ms < 10_000, `${ms} ms`);
  });
});
