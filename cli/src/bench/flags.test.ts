import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sluice } from "../fixtures/terminal.ts";
import { checkFlags } from "./flags.ts";

describe("the flags of sluice bench engine", () => {
  it("are refused as usage where they cannot be meant, before anything is started", async () => {
    for (const [args, expected] of [
      [["--seconds", "0"], /from 1 to 3600/],
      [["--steps", "0"], /from 1 to 20/],
      [["--steps", "sale"], /from 1 to 20/],
      [["--participants", "remote"], /Expected transactional, local, http/],
      [["--door", "window"], /Expected library, http/],
      [["--in-flight", "1,,5"], /from 1 to 100000/],
      [["--rate", "fast"], /from 1 to 1000000/],
      [["--stored", "0"], /from 1 to 100000000/],
      [["--against", "temporal"], /Expected dbos/],
      [["--compare", "nowhere.json"], /cannot be read/],
      [["--stored", "10", "--against", "dbos"], /--stored and --against were given, expected one of them/],
      [["--steps", "purchase", "--door", "http"], /no case is left to measure/],
      [["--profile", "--in-flight", "1,2"], /--profile takes one case/],
      [["--profile", "--door", "http", "--in-flight", "1"], /--profile takes one case/],
    ] as const) {
      const { exitCode, stdout, stderr } = await sluice(["bench", "engine", ...args]);
      assert.equal(exitCode, 2, args.join(" "));
      assert.equal(stdout, "", args.join(" "));
      assert.match(stderr, expected, args.join(" "));
    }
  });

  it("let a profile be of one case, or of the busiest", () => {
    checkFlags({ profile: true }, "linux");
    checkFlags({ profile: true, steps: [3], participants: ["local"], inFlight: [50] }, "linux");
    assert.throws(() => checkFlags({ profile: true, all: true }, "linux"), /one case/);
  });

  it("let a profile look only into processes that it can see", () => {
    assert.throws(() => checkFlags({ profile: true }, "darwin"), /on Linux/);
    assert.throws(() => checkFlags({ profile: true, databaseUrl: "postgres://h/x" }, "linux"), /embedded/);
  });
});
