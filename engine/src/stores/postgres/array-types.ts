/**
 * Arrays of the built-in types, for participants. The driver can ask the server for them at each connect, but it asks behind everybody's
 * back: a connection that is lost just then is an error that nobody can catch. The numbers of built-in types never change.
 */

/** Element type and array type by their numbers in pg_type. What is not a number or a truth value is read as text. */
const ARRAY_TYPES = {
  bool: [16, 1000],
  int2: [21, 1005],
  int4: [23, 1007],
  float4: [700, 1021],
  float8: [701, 1022],
  int8: [20, 1016],
  numeric: [1700, 1231],
  text: [25, 1009],
  varchar: [1043, 1015],
  uuid: [2950, 2951],
  json: [114, 199],
  jsonb: [3802, 3807],
  date: [1082, 1182],
  timestamp: [1114, 1115],
  timestamptz: [1184, 1185],
} as const satisfies Readonly<Record<string, readonly [element: number, array: number]>>;

type ElementName = keyof typeof ARRAY_TYPES;

const ELEMENT_PARSERS: Partial<Record<ElementName, (text: string) => unknown>> = {
  bool: (text) => text === "t",
  int2: Number,
  int4: Number,
  float4: Number,
  float8: Number,
  json: JSON.parse,
  jsonb: JSON.parse,
};

export interface ArrayType {
  readonly to: number;
  readonly from: number[];
  serialize(values: unknown): unknown;
  parse(text: string): unknown;
}

/** The array types as the driver takes them. */
export const arrayTypes: Readonly<Record<string, ArrayType>> = Object.fromEntries(
  (Object.keys(ARRAY_TYPES) as ElementName[]).map((name) => {
    const [, array] = ARRAY_TYPES[name];
    const parse = ELEMENT_PARSERS[name] ?? String;
    return [
      `${name}Array`,
      {
        to: array,
        from: [array],
        // A text is an array's text already.
        serialize: (values) => (Array.isArray(values) ? toArrayText(values) : values),
        parse: (text) => fromArrayText(text, parse),
      } satisfies ArrayType,
    ];
  }),
);

/** The array type of an element type; undefined when it is none of ours. */
export function arrayTypeOf(element: number): number | undefined {
  return Object.values(ARRAY_TYPES).find(([type]) => type === element)?.[1];
}

export function toArrayText(values: readonly unknown[]): string {
  return `{${values.map(toElementText).join(",")}}`;
}

function toElementText(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return toArrayText(value);
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  const text =
    typeof value === "string" ? value : value instanceof Date ? value.toISOString() : JSON.stringify(value);
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** One piece of an array's text: a bracket, a comma, a quoted element, or a bare one. */
const PIECE = /([{},])|"((?:[^"\\]|\\.)*)"|([^{},"]+)/gs;

export function fromArrayText(text: string, parse: (element: string) => unknown): unknown[] {
  const root: unknown[] = [];
  const open = [root];
  // Bounds other than from 1 stand before the first bracket.
  for (const [, mark, quoted, bare] of text.slice(text.indexOf("{")).matchAll(PIECE)) {
    const current = open.at(-1) ?? root;
    if (mark === "{") open.push(append(current, []));
    else if (mark === "}") open.pop();
    else if (quoted !== undefined) current.push(parse(quoted.replace(/\\(.)/gs, "$1")));
    else if (bare !== undefined) current.push(bare === "NULL" ? null : parse(bare));
  }
  return root[0] as unknown[];
}

function append<T>(list: unknown[], item: T): T {
  list.push(item);
  return item;
}
