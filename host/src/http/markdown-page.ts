/**
 * A page of ours as HTML: headings, paragraphs and tables, with code, links and bold within. What else Markdown knows our page of errors
 * does not use; it stays as it is written.
 */

/** What is in a table's cell or a paragraph, escaped, may hold these. */
const INLINE: readonly (readonly [RegExp, (...groups: string[]) => string])[] = [
  [/`([^`]+)`/g, (_, code = "") => `<code>${code}</code>`],
  [/\*\*([^*]+)\*\*/g, (_, text = "") => `<b>${text}</b>`],
  [
    /\[([^\]]+)\]\(((?:https?:\/\/|[/#])[^)\s]*)\)/g,
    (_, text = "", url = "") => `<a href="${url}">${text}</a>`,
  ],
];

const ERROR_CODE = /^`?([A-Z]+(?:_[A-Z]+)+)`?$/;

/** The first row that begins with a code is the anchor `#CODE`. */
export function toHtmlPage(title: string, markdown: string): string {
  const anchors = new Set<string>();
  const blocks = markdown.split(/\n{2,}/).map((block) => toHtml(block.trim(), anchors));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<style>${STYLE}</style>
${blocks.filter((block) => block !== "").join("\n")}
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 75rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent) }
code { font-size: .9em; white-space: nowrap }
:target { background: color-mix(in srgb, gold 40%, transparent) }
`;

function toHtml(block: string, anchors: Set<string>): string {
  if (block === "") return "";
  const [, marks, heading] = /^(#{1,3}) (.+)$/.exec(block) ?? [];
  if (marks !== undefined && heading !== undefined)
    return `<h${marks.length}>${inline(heading)}</h${marks.length}>`;
  return block.startsWith("|") ? toTable(block.split("\n"), anchors) : `<p>${inline(block)}</p>`;
}

function toTable(lines: readonly string[], anchors: Set<string>): string {
  const rows = lines.map(cellsOf);
  const hasHead = rows[1]?.every((cell) => /^:?-+:?$/.test(cell)) === true;
  const head = hasHead ? `<thead>${toRow("th", rows[0] ?? [])}</thead>\n` : "";
  const body = (hasHead ? rows.slice(2) : rows).map((cells) => toRow("td", cells, anchorOf(cells, anchors)));
  return `<table>\n${head}${body.join("\n")}\n</table>`;
}

function cellsOf(line: string): readonly string[] {
  return line
    .replace(/^\||\|\s*$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.replaceAll("\\|", "|").trim());
}

function toRow(tag: "th" | "td", cells: readonly string[], anchor?: string): string {
  const id = anchor === undefined ? "" : ` id="${anchor}"`;
  return `<tr${id}>${cells.map((cell) => `<${tag}>${inline(cell)}</${tag}>`).join("")}</tr>`;
}

function anchorOf([first = ""]: readonly string[], anchors: Set<string>): string | undefined {
  const code = ERROR_CODE.exec(first)?.[1];
  if (code === undefined || anchors.has(code)) return undefined;
  anchors.add(code);
  return code;
}

function inline(text: string): string {
  return INLINE.reduce((html, [pattern, replace]) => html.replace(pattern, replace), escape(text));
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
