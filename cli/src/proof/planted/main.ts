#!/usr/bin/env node
/** Plants defects into copies of the source, one at a time, and tells whether the proof finds each: all of them, or those that are named. */
import { formatDuration } from "../../durations.ts";
import { EXIT } from "../../exit-codes.ts";
import { DEFECTS } from "./defects.ts";
import { findDefect } from "./find-defect.ts";

const names = process.argv.slice(2);
const unknown = names.filter((name) => !DEFECTS.some((defect) => defect.name === name));
if (unknown.length > 0) {
  const known = DEFECTS.map(({ name }) => name).join(", ");
  console.error(`found ${unknown.join(", ")}, expected names of defects: ${known}`);
  process.exit(EXIT.usage);
}

const interruption = new AbortController();
process.once("SIGINT", () => interruption.abort());

for (const defect of DEFECTS.filter(({ name }) => names.length === 0 || names.includes(name))) {
  if (interruption.signal.aborted) break;
  console.log(`${defect.name}: ${defect.summary}`);
  const { isFound, breaches, tookMs } = await findDefect(defect, {
    env: process.env,
    signal: interruption.signal,
    progress: (what) => process.stderr.write(what),
  });
  for (const breach of breaches) console.log(`  ${breach}`);
  console.log(`${isFound ? "FOUND" : "NOT FOUND"}  ${defect.name}, ${formatDuration(tookMs)}`);
  if (!isFound) process.exitCode = EXIT.failed;
}
