/**
 * A flow as an SVG image: states from top to bottom, events on the arrows, live counts as badges. Timers are dashed; ways on which steps
 * are taken back are dashed and coloured as the commands that take them back.
 */
import { countRuns, SEND_MARK, UNDO_MARK } from "./diagram-model.ts";
import type { DrawnEdge, DrawnFlow, DrawnState } from "./diagram-model.ts";
import { layOut } from "./layered-layout.ts";
import type { LayoutNode, PlacedEdge, Point } from "./layered-layout.ts";

const FONT_PX = 13;
const SMALL_PX = 11;
const LINE_PX = 16;
const MARGIN = 24;
const HEADER_PX = 34;
const NODE_WIDTH_MIN = 140;
const LABEL_CHARS_MAX = 44;
const LABEL_LINES_MAX = 8;
const LOOP_PX = 30;

/** Larger flows are answered with a picture that says so: nobody could read them, and their layout would hold up everybody else. */
export const DRAWN_STATES_MAX = 100;
export const DRAWN_EDGES_MAX = 300;

/** The node that is drawn for the start of a run. No state is called so. */
const START = "";

export function renderSvg(flow: DrawnFlow): string {
  if (flow.states.length > DRAWN_STATES_MAX || flow.edges.length > DRAWN_EDGES_MAX)
    return renderTooLarge(flow);
  const boxes = new Map(flow.states.map((state) => [state.name, measureState(state, loopsOf(flow, state))]));
  const edges = flow.edges.filter(({ from, to }) => from !== to);
  const start =
    flow.initial === null ? [] : [{ from: START, to: flow.initial, labelWidth: 0, labelHeight: 0 }];
  const layout = layOut(
    [
      ...(start.length === 0 ? [] : [{ id: START, left: 7, right: 7, height: 14 }]),
      ...[...boxes.values()].map(toLayoutNode),
    ],
    [...start, ...edges.map(measureEdge)],
  );
  const at = (id: string): Point => layout.nodes.get(id) ?? { x: 0, y: 0 };
  const [startEdge, ...stateEdges] = start.length === 0 ? [undefined, ...layout.edges] : layout.edges;
  const body = [
    ...edges.map((edge, index) => renderLine(edge, stateEdges[index])),
    ...(startEdge === undefined ? [] : [renderStart(at(START), startEdge)]),
    ...edges.map((edge, index) => renderEdgeLabel(edge, stateEdges[index])),
    ...[...boxes.values()].map((box) => renderState(box, at(box.state.name))),
  ];
  const width = Math.max(layout.width, textWidth(headerOf(flow), FONT_PX) + 10) + 2 * MARGIN;
  const content = `<g transform="translate(${MARGIN} ${MARGIN + HEADER_PX})">${body.join("\n")}</g>`;
  return renderFrame(flow, width, layout.height + 2 * MARGIN + HEADER_PX, content);
}

// ---------------------------------------------------------------- measures

interface Box {
  readonly state: DrawnState;
  readonly lines: readonly {
    readonly text: string;
    readonly kind: "name" | "business" | "work" | "undo" | "outcome";
  }[];
  readonly loops: readonly DrawnEdge[];
  readonly width: number;
  readonly height: number;
}

function loopsOf(flow: DrawnFlow, { name }: DrawnState): readonly DrawnEdge[] {
  return flow.edges.filter(({ from, to }) => from === name && to === name);
}

function measureState(state: DrawnState, loops: readonly DrawnEdge[]): Box {
  const lines: Box["lines"] = [
    { text: shorten(state.name), kind: "name" },
    ...(state.businessState === null
      ? []
      : [{ text: shorten(state.businessState), kind: "business" as const }]),
    ...(state.outcome === null || state.outcome === state.name
      ? []
      : [{ text: `ends as ${shorten(state.outcome)}`, kind: "outcome" as const }]),
    ...state.work.map(({ text, isUndo }) =>
      isUndo
        ? { text: `${UNDO_MARK} ${shorten(text)}`, kind: "undo" as const }
        : { text: `${SEND_MARK} ${shorten(text)}`, kind: "work" as const },
    ),
  ];
  const widths = lines.map(({ text, kind }) => textWidth(text, kind === "name" ? FONT_PX * 1.08 : SMALL_PX));
  return {
    state,
    lines,
    loops,
    width: Math.max(NODE_WIDTH_MIN, ...widths.map((width) => width + 32)),
    height: Math.max(lines.length * LINE_PX + 18, loopLines(loops).length * LINE_PX),
  };
}

function toLayoutNode({ state, loops, width, height }: Box): LayoutNode {
  const beside = loops.length === 0 ? 0 : LOOP_PX + 6 + linesWidth(loopLines(loops));
  return { id: state.name, left: width / 2, right: width / 2 + beside, height };
}

function measureEdge(edge: DrawnEdge) {
  const lines = labelLines(edge);
  return {
    from: edge.from,
    to: edge.to,
    labelWidth: linesWidth(lines) + 10,
    labelHeight: lines.length * LINE_PX,
  };
}

function labelLines({ labels }: DrawnEdge): readonly string[] {
  const shown = labels.slice(0, LABEL_LINES_MAX).map(shorten);
  return labels.length > LABEL_LINES_MAX ? [...shown, `and ${labels.length - LABEL_LINES_MAX} more`] : shown;
}

function loopLines(loops: readonly DrawnEdge[]): readonly string[] {
  return loops.flatMap(labelLines);
}

function linesWidth(lines: readonly string[]): number {
  return Math.max(0, ...lines.map((line) => textWidth(line, SMALL_PX)));
}

function shorten(text: string): string {
  return text.length > LABEL_CHARS_MAX ? `${text.slice(0, LABEL_CHARS_MAX - 1)}…` : text;
}

/** About how wide a text is in a usual sans-serif font; there is no font here to ask. Rather too wide than too narrow. */
function textWidth(text: string, px: number): number {
  let ems = 0;
  for (const char of text) {
    if (/[iljtfrI.,:;'|!()[\] ]/.test(char)) ems += 0.36;
    else if (/[mwMW…→↩]/.test(char)) ems += 0.9;
    else if (/[A-Z0-9]/.test(char)) ems += 0.68;
    else ems += char.charCodeAt(0) > 0x2e80 ? 1 : 0.58;
  }
  return Math.ceil(ems * px);
}

// ---------------------------------------------------------------- parts

function renderState({ state, lines, loops, width, height }: Box, { x, y }: Point): string {
  const left = x - width / 2;
  const kind = state.outcome === null ? "state" : "state final";
  const top = y + (height - lines.length * LINE_PX) / 2;
  return [
    `<g class="${kind}"><title>${escapeXml(describeState(state))}</title>`,
    `<rect class="box" x="${left}" y="${y}" width="${width}" height="${height}" rx="10"/>`,
    ...(state.outcome === null
      ? []
      : [
          `<rect class="inner" x="${left + 3.5}" y="${y + 3.5}" width="${width - 7}" height="${height - 7}" rx="7"/>`,
        ]),
    ...lines.map(
      ({ text, kind: line }, index) =>
        `<text class="${line}" x="${x}" y="${top + index * LINE_PX + 12}">${escapeXml(text)}</text>`,
    ),
    ...renderBadges(state, left, left + width, y),
    ...(loops.length === 0 ? [] : [renderLoop(loops, left + width, y, height)]),
    "</g>",
  ].join("");
}

function describeState({ name, businessState, runs, parked }: DrawnState): string {
  const business = businessState === null ? "" : ` (${businessState})`;
  return `${name}${business}: ${countRuns(runs)}, ${parked} parked`;
}

/** Counts hang on the upper corners, clear of the arrows that come in between: runs on the right, those that are parked on the left. */
function renderBadges(
  { runs, parked }: DrawnState,
  left: number,
  right: number,
  y: number,
): readonly string[] {
  const badge = (text: string, kind: string, xOf: (width: number) => number): string => {
    const width = textWidth(text, SMALL_PX) + 14;
    const x = xOf(width);
    return `<g class="badge ${kind}"><rect x="${x}" y="${y - 9}" width="${width}" height="18" rx="9"/><text x="${x + width / 2}" y="${y + 4}">${text}</text></g>`;
  };
  return [
    ...(runs > 0 ? [badge(shortCount(runs), "runs", (width) => right + 8 - width)] : []),
    ...(parked > 0 ? [badge(`${shortCount(parked)} parked`, "parked", () => left - 8)] : []),
  ];
}

/** `950`, `9.5k`, `95k`, `9.5M`: the exact number is in the title. */
function shortCount(count: number): string {
  for (const [unit, size] of [
    ["M", 1e6],
    ["k", 1e3],
  ] as const) {
    if (count >= size)
      return `${(count / size).toFixed(count < 10 * size ? 1 : 0).replace(/\.0$/, "")}${unit}`;
  }
  return `${count}`;
}

function renderLoop(loops: readonly DrawnEdge[], right: number, y: number, height: number): string {
  const lines = loopLines(loops);
  const middle = y + height / 2;
  const reach = right + LOOP_PX + 8;
  const line = `<path class="${edgeClass(loops)}" d="M${right} ${middle - 9}C${reach} ${middle - 20} ${reach} ${middle + 20} ${right + 1} ${middle + 9}" marker-end="url(#arrow)"/>`;
  return line + renderLines(lines, right + LOOP_PX + 4, middle, "label beside");
}

function renderLine(edge: DrawnEdge, placed: PlacedEdge | undefined): string {
  if (placed === undefined) return "";
  return `<path class="${edgeClass([edge])}" d="${toPath(placed.points)}" marker-end="url(#arrow)"/>`;
}

/** How a line looks that stands for these edges: as one of them, if they are all alike. */
function edgeClass(edges: readonly DrawnEdge[]): string {
  const [kind, ...others] = new Set(edges.map((edge) => edge.kind));
  return kind === undefined || kind === "event" || others.length > 0 ? "edge" : `edge ${kind}`;
}

function renderStart({ x, y }: Point, edge: PlacedEdge): string {
  return `<circle class="start" cx="${x}" cy="${y + 7}" r="6"/><path class="edge" d="${toPath(edge.points)}" marker-end="url(#arrow)"/>`;
}

function renderEdgeLabel(edge: DrawnEdge, placed: PlacedEdge | undefined): string {
  if (placed === undefined) return "";
  const lines = labelLines(edge);
  const width = linesWidth(lines) + 8;
  const height = lines.length * LINE_PX;
  const { x, y } = placed.label;
  const background = `<rect class="behind" x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="4"/>`;
  return background + renderLines(lines, x, y, edge.kind === "event" ? "label" : `label ${edge.kind}`);
}

function renderLines(lines: readonly string[], x: number, middle: number, kind: string): string {
  const top = middle - (lines.length * LINE_PX) / 2;
  return lines
    .map(
      (line, index) =>
        `<text class="${kind}" x="${x}" y="${top + index * LINE_PX + 12}">${escapeXml(line)}</text>`,
    )
    .join("");
}

/** A straight line where a point lies right below the one before, else a curve that leaves and arrives upright. */
function toPath(points: readonly Point[]): string {
  return points
    .map(({ x, y }, index) => {
      const before = points[index - 1];
      if (before === undefined) return `M${x} ${y}`;
      if (before.x === x) return `L${x} ${y}`;
      const middle = (before.y + y) / 2;
      return `C${before.x} ${middle} ${x} ${middle} ${x} ${y}`;
    })
    .join("");
}

// ---------------------------------------------------------------- the frame

function headerOf({ title, notes }: DrawnFlow): string {
  return [title, ...notes].join("   ");
}

function renderFrame(flow: DrawnFlow, width: number, height: number, content: string): string {
  const title = escapeXml(flow.title);
  const notes = flow.notes.map((note) => `<tspan class="sub" dx="12">${escapeXml(shorten(note))}</tspan>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.ceil(width)}" height="${Math.ceil(height)}" viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}" role="img" aria-label="Flow ${title}">
<title>${title}</title>
<style>${STYLE}</style>
<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0L10 5L0 10z"/></marker></defs>
<rect class="page" width="100%" height="100%"/>
<text class="title" x="${MARGIN}" y="${MARGIN + 10}">${title}${notes.join("")}</text>
${content}
</svg>
`;
}

function renderTooLarge(flow: DrawnFlow): string {
  const text = `${flow.states.length} states and ${flow.edges.length} arrows are too many to draw (at most ${DRAWN_STATES_MAX} and ${DRAWN_EDGES_MAX}); take the Mermaid text.`;
  return renderFrame(
    flow,
    760,
    110,
    `<text class="business" style="text-anchor:start" x="${MARGIN}" y="76">${text}</text>`,
  );
}

/** Colours stand twice and not in variables, because some renderers of SVG know none. */
const STYLE = `
text{font-family:ui-sans-serif,system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-size:${SMALL_PX}px;text-anchor:middle;fill:#1f2328}
.title{font-size:15px;font-weight:600;text-anchor:start}.sub{font-size:${SMALL_PX}px;font-weight:400;fill:#656d76}
.name{font-size:${FONT_PX}px;font-weight:600}.business,.outcome{fill:#656d76}.work{fill:#0550ae}
.page,.behind{fill:#ffffff}.box{fill:#f6f8fa;stroke:#8c959f;stroke-width:1.2}.final .box{fill:#ffffff}.inner{fill:none;stroke:#8c959f}
.edge{fill:none;stroke:#57606a;stroke-width:1.3}.edge.timer{stroke-dasharray:5 4}.edge.compensation{stroke:#8250df;stroke-dasharray:2 3}.head,.start{fill:#57606a}
.label{fill:#424a53}.label.timer{fill:#953800}.label.compensation,.undo{fill:#8250df}.beside{text-anchor:start}
.badge text{fill:#ffffff;font-weight:600}.runs rect{fill:#0969da}.parked rect{fill:#cf222e}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}.sub,.business,.outcome{fill:#9198a1}.work{fill:#79c0ff}
.page,.behind{fill:#0d1117}.box{fill:#161b22;stroke:#6e7681}.final .box{fill:#0d1117}.inner{stroke:#6e7681}
.edge{stroke:#9198a1}.head,.start{fill:#9198a1}.label{fill:#c9d1d9}.label.timer{fill:#ffa657}
.edge.compensation{stroke:#d2a8ff}.label.compensation,.undo{fill:#d2a8ff}
.badge text{fill:#ffffff}.runs rect{fill:#1f6feb}.parked rect{fill:#da3633}}
`;

/** Text and attribute values alike. Characters that XML has no way to write become a replacement mark. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
