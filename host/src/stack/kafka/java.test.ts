import assert from "node:assert/strict";
import { test } from "node:test";
import { majorOf, versionIn } from "./java.ts";

test("reads the version of a Java whoever made it", () => {
  for (const [words, version, major] of [
    ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', "17.0.15", 17],
    ['java version "1.8.0_392"\nJava(TM) SE Runtime Environment', "1.8.0_392", 8],
    ['openjdk version "21" 2023-09-19 LTS', "21", 21],
    ['Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "25-ea" 2025-09-16', "25-ea", 25],
  ] as const) {
    assert.equal(versionIn(words), version);
    assert.equal(majorOf(version), major);
  }
  assert.equal(versionIn("command not found"), undefined);
});
