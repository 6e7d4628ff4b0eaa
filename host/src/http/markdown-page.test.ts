import assert from "node:assert/strict";
import { test } from "node:test";
import { toHtmlPage } from "./markdown-page.ts";

const PAGE = `# Errors & more

See [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), \`code\` and **this**; [not this](javascript:alert(1)).

| code      | means    |
| --------- | -------: |
| \`A_CODE\` | <script> |
| \`A_CODE\` | again    |
| plain     | a \\| b   |
`;

test("a page of ours is shown as it is meant, with an anchor for the first row of each code", () => {
  const html = toHtmlPage("Errors", PAGE);
  assert.match(html, /<h1>Errors &amp; more<\/h1>/);
  assert.match(
    html,
    /<p>See <a href="https:\/\/www\.rfc-editor\.org\/rfc\/rfc9457">RFC 9457<\/a>, <code>code<\/code> and <b>this<\/b>/,
  );
  assert.match(html, /<thead><tr><th>code<\/th><th>means<\/th><\/tr><\/thead>/);
  assert.match(html, /<tr id="A_CODE"><td><code>A_CODE<\/code><\/td><td>&lt;script&gt;<\/td><\/tr>/);
  assert.match(html, /<tr><td><code>A_CODE<\/code><\/td><td>again<\/td><\/tr>/);
  assert.match(html, /<tr><td>plain<\/td><td>a \| b<\/td><\/tr>/);
});

test("what a page names never becomes more than text", () => {
  const html = toHtmlPage("<b>", PAGE);
  assert.doesNotMatch(html, /<script|href="javascript|<title><b>/);
});
