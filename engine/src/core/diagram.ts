/** Live pictures of a flow, made from its definition alone. Both take any definition that is an object; what it does not name is not drawn. */
import { countRuns, drawFlow, SEND_MARK, UNDO_MARK } from "./diagram-model.ts";
import type { DiagramCount, DrawnEdge, DrawnFlow, DrawnState } from "./diagram-model.ts";
import { renderSvg } from "./diagram-svg.ts";
import type { FlowDefinition } from "./flow.ts";

export type { DiagramCount };

/** A flow as an SVG image for light and dark pages, without scripts or links. The same input gives the same text. */
export function toSvg(definition: FlowDefinition, counts?: readonly DiagramCount[]): string {
  return renderSvg(drawFlow(definition, counts));
}

/** Mermaid has no dashed arrows between states, so what an arrow means is told by its label. */
const EDGE_MARKS = {
  event: "",
  timer: "⏱ ",
  compensation: `${UNDO_MARK} `,
} as const satisfies Record<DrawnEdge["kind"], string>;

/**
 * A flow as the text of a Mermaid state diagram. A timer is marked `⏱ after 120s`; `↩` marks what takes back a command, or what an event told,
 * and the ways on which all completed steps are taken back.
 * @see https://mermaid.js.org/syntax/stateDiagram.html
 */
export function toMermaid(definition: FlowDefinition, counts?: readonly DiagramCount[]): string {
  const flow = drawFlow(definition, counts);
  const ids = new Map(flow.states.map(({ name }, index) => [name, `s${index}`]));
  const idOf = (name: string): string => ids.get(name) ?? "s";
  const lines = [
    ...flow.states.flatMap((state) => mermaidState(idOf(state.name), state)),
    ...(flow.initial === null ? [] : [`[*] --> ${idOf(flow.initial)}`]),
    ...flow.edges.flatMap(({ from, to, kind, labels }) =>
      labels.map((label) => `${idOf(from)} --> ${idOf(to)} : ${EDGE_MARKS[kind]}${escapeMermaid(label)}`),
    ),
    ...flow.states
      .filter(({ outcome }) => outcome !== null)
      .map(
        ({ name, outcome }) =>
          `${idOf(name)} --> [*]${outcome === "" ? "" : ` : ${escapeMermaid(outcome ?? "")}`}`,
      ),
    ...flow.states.flatMap(({ name, businessState }) =>
      businessState === null ? [] : [`note right of ${idOf(name)} : ${escapeMermaid(businessState)}`],
    ),
  ];
  return `${mermaidTitle(flow)}stateDiagram-v2\n${lines.map((line) => `    ${line}\n`).join("")}`;
}

function mermaidTitle({ title, notes }: DrawnFlow): string {
  return `---\ntitle: ${JSON.stringify([title, ...notes].join(", "))}\n---\n`;
}

function mermaidState(id: string, { name, work, runs, parked }: DrawnState): readonly string[] {
  const counts = [...(runs > 0 ? [countRuns(runs)] : []), ...(parked > 0 ? [`${parked} parked`] : [])].join(
    ", ",
  );
  return [
    `state "${escapeMermaid(name)}" as ${id}`,
    ...work.map(({ text, isUndo }) => `${id} : ${isUndo ? UNDO_MARK : SEND_MARK} ${escapeMermaid(text)}`),
    ...(counts === "" ? [] : [`${id} : ${counts}`]),
  ];
}

/** Mermaid takes any character by its number; letters, digits and harmless marks stay readable. */
function escapeMermaid(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} ._,()[\]→↩…-]/gu, (char) => `#${char.codePointAt(0)};`);
}
