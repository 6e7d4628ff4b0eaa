import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { durationMs, httpUrl, instant, readData, wholeNumber } from "./arguments.ts";

const refused = { code: "commander.invalidArgument" };
const badArgument = (message: RegExp) => ({ code: "CLI_BAD_ARGUMENT", kind: "invalid", message });

describe("arguments", () => {
  it("takes whole numbers within their limits only", () => {
    assert.equal(wholeNumber(1, 200)("20"), 20);
    for (const text of ["0", "201", "1.5", "-1", "", "ten", "1e2"])
      assert.throws(() => wholeNumber(1, 200)(text), refused, text);
  });

  it("takes durations with their unit only", () => {
    assert.deepEqual(
      ["500ms", "1.5s", "15m", "24h", "7d"].map(durationMs),
      [500, 1_500, 900_000, 86_400_000, 604_800_000],
    );
    for (const text of ["", "5", "5 minutes", "-5s", "s"])
      assert.throws(() => durationMs(text), refused, text);
  });

  it("takes points in time, or how long ago", () => {
    const nowMs = Date.parse("2030-01-31T12:00:00Z");
    assert.equal(instant("2030-01-31T11:00:00Z", nowMs), "2030-01-31T11:00:00.000Z");
    assert.equal(instant("15m", nowMs), "2030-01-31T11:45:00.000Z");
    for (const text of ["yesterday", "12", "2030-99-99"])
      assert.throws(() => instant(text, nowMs), refused, text);
  });

  it("takes addresses of servers without a slash at the end", () => {
    assert.equal(httpUrl("http://127.0.0.1:7070/"), "http://127.0.0.1:7070");
    for (const text of ["127.0.0.1:7070", "ftp://a", ""]) assert.throws(() => httpUrl(text), refused, text);
  });
});

describe("data", () => {
  const cli = (stdin = "") => ({ directory: "/", stdin: Readable.from([stdin]) });

  it("is read from the argument, from standard input and from a file", async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "sluice-cli-"));
    t.after(() => rm(directory, { recursive: true }));
    await writeFile(join(directory, "order.json"), '{"from":"file"}');
    assert.deepEqual(await readData('{"from":"argument"}', cli()), { from: "argument" });
    assert.deepEqual(await readData("-", cli('{"from":"input"}')), { from: "input" });
    assert.deepEqual(await readData("@order.json", { ...cli(), directory }), { from: "file" });
  });

  it("that is no JSON is refused with what was found and where", async () => {
    await assert.rejects(readData("{", cli()), badArgument(/^--data is no JSON \(.+\), expected an object/));
    await assert.rejects(readData("-", cli("")), badArgument(/^standard input is no JSON/));
    await assert.rejects(
      readData("@missing.json", cli()),
      badArgument(/the file \/missing\.json, which cannot be read/),
    );
  });

  it("that is no object is refused", async () => {
    await assert.rejects(readData("[]", cli()), badArgument(/^--data is an array, expected a JSON object/));
    await assert.rejects(readData("null", cli()), badArgument(/^--data is null/));
    await assert.rejects(readData('"text"', cli()), badArgument(/^--data is a string/));
  });
});
