/** Constants of `set`, held against the schema of the field that they are put into. */
import type { Json } from "@sluice/contracts/envelope";
import { finding, quote, THE_FLOW } from "../core/findings.ts";
import type { Finding, Place } from "../core/findings.ts";
import { isLoose, stateNamed, toLoose } from "../core/flow-view.ts";
import type { FlowView } from "../core/flow-view.ts";
import { parsePointer, toPointer } from "../core/pointer.ts";
import { tryCompileSchema } from "./compile-schema.ts";

/** A `set`, and what it belongs to. */
interface SetAt {
  readonly place: Place;
  readonly path: string;
  readonly set: unknown;
}

export function inspectConstants(flow: FlowView): readonly Finding[] {
  const updates: readonly SetAt[] = [...flow.states.values()].flatMap(({ name, on, join }) =>
    [...on, ...(join?.then ?? [])].map(({ raw, path }) => ({
      place: stateNamed(name),
      path: `${path}/update/set`,
      set: toLoose(raw?.["update"])["set"],
    })),
  );
  const migrations = flow.migrations.map(({ raw, path, from }) => ({
    place: { ...THE_FLOW, subject: `the migration from version ${quote(from)}` },
    path: `${path}/data/set`,
    set: toLoose(raw["data"])["set"],
  }));
  return [...updates, ...migrations].flatMap((each) => inspectSet(flow.raw["data"], each));
}

function inspectSet(data: unknown, { place, path, set }: SetAt): readonly Finding[] {
  return Object.entries(toLoose(set)).flatMap(([pointer, given]) => {
    const { value } = toLoose(given);
    const schema = value === undefined ? null : schemaAt(data, pointer);
    const validate = schema === null ? null : tryCompileSchema(schema);
    // What is wrong with the schema itself is found where it stands; one that leads to others is judged by a run.
    if (typeof validate !== "function") return [];
    const [fault] = validate(value) ?? [];
    if (fault === undefined) return [];
    return [
      finding("bad-constant", place, {
        path: `${path}${toPointer([pointer])}/value`,
        found: `sets ${quote(pointer)} to ${quote(value as Json)}`,
        expected: "a value that fits the schema of the field",
        hint: `${fault.path === "" ? "it" : fault.path} ${fault.message}`,
      }),
    ];
  });
}

/** The schema of what a pointer into the data names; null where the schema of the data does not tell. */
function schemaAt(data: unknown, pointer: string): object | null {
  let schema = data;
  for (const part of parsePointer(pointer) ?? [""]) {
    const properties = toLoose(toLoose(schema)["properties"]);
    schema = Object.hasOwn(properties, part) ? properties[part] : undefined;
  }
  return isLoose(schema) ? schema : null;
}
