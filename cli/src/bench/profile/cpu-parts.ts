/** Where a process spends its time: the samples of a CPU profile, by the part of the program that was at work. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { CpuProfile } from "./cpu-profile.ts";

export const CPU_PARTS = [
  "JSON",
  "rows into the statement's texts",
  "driver",
  "rules",
  "runtime",
  "participants",
  "HTTP",
  "client of the broker",
  "messages",
  "metrics",
  "callers",
  "sockets",
  "timers, promises, events",
  "Node, the rest",
  "garbage collection",
  "idle",
] as const;
export type CpuPart = (typeof CPU_PARTS)[number];

/** Of a file, the first that fits. What no file says (natives, buffers, random numbers) belongs to whoever called it. */
const PART_OF_FILE: readonly (readonly [RegExp, CpuPart])[] = [
  [/\/node_modules\/postgres\//, "driver"],
  [/\/node_modules\/prom-client\//, "metrics"],
  [/\/node_modules\/(?:ajv|ajv-formats|fast-uri|typebox)\//, "rules"],
  [/\/node_modules\/(?:@platformatic\/|amqplib\/|buffer-more-ints\/)/, "client of the broker"],
  [/\/node_modules\//, "HTTP"],
  [/\/engine\/src\/stores\//, "rows into the statement's texts"],
  [/\/engine\/src\/(?:core|definition)\//, "rules"],
  [/\/engine\/src\/(?:runtime|client)\//, "runtime"],
  [/\/engine\/src\/participant\/|\/bench\/participants\//, "participants"],
  [/\/engine\/src\/transports\/(?:kafka|rabbitmq|broker)\/|\/contracts\/src\/broker-/, "messages"],
  [/\/engine\/src\/transports\/|\/host\/src\/http\//, "HTTP"],
  [/\/host\/src\//, "metrics"],
  [/\/bench\//, "callers"],
  [/^node:(?:_?http|internal\/http)/, "HTTP"],
  [/^node:(?:net|_?stream|internal\/stream)/, "sockets"],
  [
    /^node:(?:internal\/)?(?:timers|process\/|events?\b|event_target|abort_controller)/,
    "timers, promises, events",
  ],
];

/** The profiler's own work is nobody's. */
const PROFILER = /^node:inspector/;

type Node = CpuProfile["nodes"][number];

/** A function, and what it took without those it called. */
export interface HeavyFunction {
  readonly name: string;
  /** The last of its path; empty of what is not JavaScript. */
  readonly file: string;
  readonly part: CpuPart;
  readonly seconds: number;
}

/** Seconds of the profiled thread by part; those of the profiler are left out. */
export function cpuParts(
  profile: CpuProfile,
  sourceLine: (url: string, line: number) => string = readSourceLine,
): Readonly<Record<CpuPart, number>> {
  const callers = callersOf(profile);
  const seconds = new Map<CpuPart, number>();
  const selfSeconds = secondsByNode(profile);
  for (const node of profile.nodes) {
    const own = selfSeconds.get(node.id) ?? 0;
    const isProfiler = PROFILER.test(node.callFrame.url);
    if (own === 0 || isProfiler) continue;
    for (const [part, share] of sharesOf(node, callers, sourceLine))
      seconds.set(part, (seconds.get(part) ?? 0) + own * share);
  }
  return Object.fromEntries(CPU_PARTS.map((part) => [part, seconds.get(part) ?? 0])) as Record<
    CpuPart,
    number
  >;
}

/** The functions that took most, the heaviest first. */
export function heaviestFunctions(profile: CpuProfile, count: number): HeavyFunction[] {
  const callers = callersOf(profile);
  const selfSeconds = secondsByNode(profile);
  const found = new Map<string, HeavyFunction>();
  for (const node of profile.nodes) {
    const { functionName, url } = node.callFrame;
    const part = partOf(node, callers);
    if (part === "idle" || PROFILER.test(url)) continue;
    const name = functionName === "" ? `(line ${node.callFrame.lineNumber + 1})` : functionName;
    const file = url.split("/").slice(-2).join("/");
    const key = `${name} ${file} ${part}`;
    const seconds = (found.get(key)?.seconds ?? 0) + (selfSeconds.get(node.id) ?? 0);
    found.set(key, { name, file, part, seconds });
  }
  return [...found.values()].toSorted((a, b) => b.seconds - a.seconds).slice(0, count);
}

function callersOf({ nodes }: CpuProfile): ReadonlyMap<number, Node> {
  return new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)));
}

function secondsByNode({ samples = [], timeDeltas = [] }: CpuProfile): ReadonlyMap<number, number> {
  const seconds = new Map<number, number>();
  for (const [at, id] of samples.entries())
    seconds.set(id, (seconds.get(id) ?? 0) + Math.max(0, timeDeltas[at] ?? 0) / 1e6);
  return seconds;
}

/**
 * The parts of one node with their shares of it. V8 counts `JSON.parse` and `JSON.stringify` to the line that calls them, so the lines of a
 * function tell them from the rest of it.
 */
function sharesOf(
  node: Node,
  callers: ReadonlyMap<number, Node>,
  sourceLine: (url: string, line: number) => string,
): (readonly [CpuPart, number])[] {
  const part = partOf(node, callers);
  const { url } = node.callFrame;
  const ticks = node.positionTicks ?? [];
  const total = ticks.reduce((sum, tick) => sum + tick.ticks, 0);
  if (total === 0 || !url.startsWith("file:")) return [[part, 1]];
  const json = ticks
    .filter(({ line }) => JSON_CALL.test(sourceLine(url, line)))
    .reduce((sum, tick) => sum + tick.ticks, 0);
  return [
    ["JSON", json / total],
    [part, 1 - json / total],
  ];
}

const JSON_CALL = /\bJSON\.(?:parse|stringify)\b/;

function partOf(node: Node, callers: ReadonlyMap<number, Node>): CpuPart {
  const special = SPECIAL[node.callFrame.functionName];
  if (special !== undefined && node.callFrame.url === "") return special;
  for (let at: Node | undefined = node; at !== undefined; at = callers.get(at.id)) {
    const { url } = at.callFrame;
    const found = url === "" ? undefined : PART_OF_FILE.find(([where]) => where.test(url));
    if (found !== undefined) return found[1];
  }
  return "Node, the rest";
}

/** What V8 calls time in which no function was at work. */
const SPECIAL: Readonly<Record<string, CpuPart>> = {
  "(idle)": "idle",
  "(garbage collector)": "garbage collection",
};

const sources = new Map<string, readonly string[]>();

/** Types are blanked out when a file is loaded, so its lines stay where they are. */
function readSourceLine(url: string, line: number): string {
  let lines = sources.get(url);
  if (lines === undefined) {
    try {
      lines = readFileSync(fileURLToPath(url), "utf8").split("\n");
    } catch {
      lines = [];
    }
    sources.set(url, lines);
  }
  return lines[line - 1] ?? "";
}
