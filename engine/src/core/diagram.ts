/** Live pictures of a flow, made from its definition alone. Both take any definition that is an object; what it does not name is not drawn. */
import { countRuns, drawFlow } from "./diagram-model.ts";
import type { DiagramCount, DrawnFlow, DrawnState } from "./diagram-model.ts";
import { renderSvg } from "./diagram-svg.ts";
import type { FlowDefinition } from "./flow.ts";

export type { DiagramCount };

/** A flow as an SVG image for light and dark pages, without scripts or links. The same input gives the same text. */
export function toSvg(definition: FlowDefinition, counts?: readonly DiagramCount[]): string {
  return renderSvg(drawFlow(definition, counts));
}

/**
 * A flow as the text of a Mermaid state diagram. Mermaid has no dashed arrows between states, so a timer is told by its label: `⏱ after 120s`.
 * @see https://mermaid.js.org/syntax/stateDiagram.html
 */
export function toMermaid(definition: FlowDefinition, counts?: readonly DiagramCount[]): string {
  const flow = drawFlow(definition, counts);
  const ids = new Map(flow.states.map(({ name }, index) => [name, `s${index}`]));
  const idOf = (name: string): string => ids.get(name) ?? "s";
  const lines = [
    ...flow.states.flatMap((state) => mermaidState(idOf(state.name), state)),
    ...(flow.initial === null ? [] : [`[*] --> ${idOf(flow.initial)}`]),
    ...flow.edges.flatMap(({ from, to, isTimer, labels }) =>
      labels.map((label) => `${idOf(from)} --> ${idOf(to)} : ${isTimer ? "⏱ " : ""}${escapeMermaid(label)}`),
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

function mermaidTitle({ title, deadline }: DrawnFlow): string {
  const text = deadline === null ? title : `${title}, ${deadline}`;
  return `---\ntitle: ${JSON.stringify(text)}\n---\n`;
}

function mermaidState(id: string, { name, work, runs, parked }: DrawnState): readonly string[] {
  const counts = [...(runs > 0 ? [countRuns(runs)] : []), ...(parked > 0 ? [`${parked} parked`] : [])].join(
    ", ",
  );
  return [
    `state "${escapeMermaid(name)}" as ${id}`,
    ...work.map((text) => `${id} : → ${escapeMermaid(text)}`),
    ...(counts === "" ? [] : [`${id} : ${counts}`]),
  ];
}

/** Mermaid takes any character by its number; letters, digits and harmless marks stay readable. */
function escapeMermaid(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} ._,()[\]→…-]/gu, (char) => `#${char.codePointAt(0)};`);
}
