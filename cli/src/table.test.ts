import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createStyle } from "./style.ts";
import { renderPairs, renderTable } from "./table.ts";

const plain = createStyle(false);
const colored = createStyle(true);

describe("table", () => {
  const rows = [
    { name: "ordered", runs: 7 },
    { name: "paid", runs: 1200 },
  ];

  it("aligns its columns by their widest cells and ends no line with a space", () => {
    const text = renderTable(
      rows,
      [
        { title: "runs", align: "right", cell: ({ runs }) => String(runs) },
        { title: "state", cell: ({ name }) => name },
      ],
      plain,
    );
    assert.equal(text, "RUNS  STATE\n   7  ordered\n1200  paid\n");
  });

  it("counts painted cells by what is seen of them", () => {
    const columns = (style: typeof plain) =>
      [
        { title: "state", cell: ({ name }: { name: string }) => style.bad(name) },
        { title: "runs", cell: ({ runs }: { runs: number }) => String(runs) },
      ] as const;
    const seen = renderTable(rows, columns(colored), colored).replaceAll(/\u001b\[\d+m/g, "");
    assert.equal(seen, renderTable(rows, columns(plain), plain));
  });

  it("is its titles alone when there are no rows", () => {
    assert.equal(renderTable([], [{ title: "run", cell: () => "" }], plain), "RUN\n");
  });

  it("puts names and values in pairs, one a line", () => {
    const pairs = [
      ["API", "http://127.0.0.1:7070/v1"],
      ["database", "psql"],
    ] as const;
    assert.equal(renderPairs(pairs, plain), "API       http://127.0.0.1:7070/v1\ndatabase  psql\n");
  });
});
