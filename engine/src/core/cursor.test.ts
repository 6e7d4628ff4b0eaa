import assert from "node:assert/strict";
import { it } from "node:test";
import { decodeCursor, encodeCursor } from "./cursor.ts";

const RUN_ID = "0b9b4f0e-3d65-4a52-9a7b-0a4c6b7d8e9f";

it("opens a cursor as the key it was made of", () => {
  for (const key of [
    [0, RUN_ID],
    [8.64e15, RUN_ID],
  ])
    assert.deepEqual(decodeCursor(encodeCursor(key), ["time", "uuid"]), key);
  assert.deepEqual(decodeCursor(encodeCursor([RUN_ID, 2 ** 31 - 1]), ["uuid", "version"]), [
    RUN_ID,
    2 ** 31 - 1,
  ]);
  assert.match(encodeCursor([1, RUN_ID]), /^[\w-]+$/);
});

it("refuses a cursor that no list made", () => {
  const keys = [
    [],
    [1],
    [1, RUN_ID, 2],
    [-1, RUN_ID],
    [0.5, RUN_ID],
    [9e15, RUN_ID],
    ["1", RUN_ID],
    [1, "run"],
    [1, 2],
  ];
  const cursors = [...keys.map(encodeCursor), "", "!", "\u2028", btoa("null"), btoa("{}"), btoa("[1")];
  for (const cursor of cursors)
    assert.throws(() => decodeCursor(cursor, ["time", "uuid"]), { code: "FLOW_BAD_CURSOR" }, cursor);
  assert.throws(() => decodeCursor(encodeCursor([RUN_ID, 2 ** 31]), ["uuid", "version"]), {
    code: "FLOW_BAD_CURSOR",
  });
});
