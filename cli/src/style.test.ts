import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createStyle, hasColors, tame } from "./style.ts";

describe("style", () => {
  it("has colors on a terminal only, and never where NO_COLOR or a dumb terminal forbids them", () => {
    assert.equal(hasColors(true, {}), true);
    assert.equal(hasColors(false, {}), false);
    assert.equal(hasColors(true, { NO_COLOR: "1" }), false);
    assert.equal(hasColors(true, { NO_COLOR: "" }), true);
    assert.equal(hasColors(true, { TERM: "dumb" }), false);
  });

  it("leaves text as it is without colors", () => {
    assert.equal(createStyle(false).bad("no"), "no");
    assert.equal(createStyle(true).bad("no"), "\u001b[31mno\u001b[39m");
  });

  it("shows control characters of foreign text instead of obeying them", () => {
    assert.equal(tame("a\u001b[2Jb\nc\r\u202ed"), "a\\u001b[2Jb\\nc\\u000d\\u202ed");
    assert.equal(tame("Grüße ☕ 漢字"), "Grüße ☕ 漢字");
  });
});
