/**
 * Loaded into each test file's process (`node --test --import`). A file whose tests are over but whose process stays alive left
 * a connection, a timer or a child behind: without this the test runner would wait for it for ever. It fails and says what it holds.
 */
import { writeSync } from "node:fs";
import { after } from "node:test";
import { isMainThread } from "node:worker_threads";

/** Later hooks of the file still run after ours, and stopping a database takes its time. */
const END_MS_MAX = 20_000;

// The runner itself loads this too, and waits for its files; only a file's process has this variable. So do the threads of that process.
if (process.env.NODE_TEST_CONTEXT !== undefined && isMainThread) {
  const before = process.getActiveResourcesInfo();
  after(() => {
    setTimeout(() => fail(leftSince(before)), END_MS_MAX).unref();
  });
}

function leftSince(before) {
  const own = [...before];
  return process.getActiveResourcesInfo().filter((resource) => {
    const index = own.indexOf(resource);
    if (index >= 0) own.splice(index, 1);
    return index < 0;
  });
}

function fail(left) {
  writeSync(
    2,
    `the tests of ${process.argv[1]} ended ${END_MS_MAX / 1_000} s ago, but these were left behind: ${left.join(", ")}\n`,
  );
  process.exit(1);
}
