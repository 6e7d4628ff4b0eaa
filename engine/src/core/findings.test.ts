import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { didYouMean, editDistance, finding, nearestName, oneOf, quote, THE_FLOW } from "./findings.ts";

describe("nearestName", () => {
  it("finds a name with letters swapped, missing, added or replaced", () => {
    const known = ["paid", "payment-pending", "refunding"];
    assert.equal(nearestName("piad", known), "paid");
    assert.equal(nearestName("pad", known), "paid");
    assert.equal(nearestName("payment-pendin", known), "payment-pending");
    assert.equal(nearestName("refundign", known), "refunding");
  });

  it("does not mind upper and lower case", () => {
    assert.equal(nearestName("ticketissued", ["TicketIssued", "TicketIssuedLate"]), "TicketIssued");
  });

  it("finds nothing where too much differs", () => {
    assert.equal(nearestName("closed", ["paid", "open", "failed"]), null);
    assert.equal(nearestName("x".repeat(101), ["x".repeat(101)]), null);
    assert.equal(didYouMean("closed", []), null);
  });

  it("finds the one name that begins with it, or that it begins with", () => {
    assert.equal(nearestName("seeking", ["lost", "seeking-van"]), "seeking-van");
    assert.equal(nearestName("seeking-van", ["lost", "seeking"]), "seeking");
    assert.equal(nearestName("seeking", ["seeking-van", "seeking-driver"]), null);
    assert.equal(nearestName("in", ["in-the-end"]), null);
  });

  it("takes the first of names that are equally near", () => {
    assert.equal(nearestName("bat", ["cat", "hat"]), "cat");
  });
});

describe("editDistance", () => {
  it("counts each change once, a swap of neighbours included", () => {
    assert.equal(editDistance("", "", 3), 0);
    assert.equal(editDistance("abc", "abc", 3), 0);
    assert.equal(editDistance("abcd", "abdc", 3), 1);
    assert.equal(editDistance("kitten", "sitting", 3), 3);
  });

  it("gives up beyond the bound", () => {
    assert.equal(editDistance("kitten", "sitting", 2), Number.POSITIVE_INFINITY);
    assert.equal(editDistance("a", "abcdef", 2), Number.POSITIVE_INFINITY);
  });
});

describe("finding", () => {
  it("is one sentence of what was found, what was expected and what to do", () => {
    const parts = { path: "/initial", found: 'begins in "x"', expected: "one of its states", hint: "add it" };
    assert.deepEqual(finding("unknown-initial", THE_FLOW, parts), {
      severity: "error",
      code: "unknown-initial",
      state: null,
      ...parts,
      message: 'the flow begins in "x", expected one of its states; add it',
    });
  });

  it("lists a dozen names and counts the others", () => {
    assert.equal(oneOf("the keys", ["a", "b"]), "one of the keys: a, b");
    assert.equal(oneOf("the keys", []), "one of the keys, of which there are none");
    const many = Array.from({ length: 15 }, (_, n) => `n${n}`);
    assert.match(oneOf("the keys", many), /n11, and 3 more$/);
  });

  it("shows any value on one short line", () => {
    assert.equal(quote('a\n"b"'), '"a\\n\\"b\\""');
    assert.equal(quote({ a: 1 }), "an object");
    assert.equal(quote([1]), "a list");
    assert.equal(quote(null), "null");
    assert.equal(quote("x".repeat(500)).length, 80);
  });
});
