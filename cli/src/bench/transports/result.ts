/** What `sluice bench transports --json` prints and `--compare` reads. */
import { Type } from "typebox";
import { Value } from "typebox/value";
import { TRANSPORT_KINDS, BROKER_NAMES } from "../participants/participant-kind.ts";
import { RESULT_FORMAT } from "../result.ts";
import type { MeasuredResult } from "../result.ts";
import type { ResultForm } from "../result-file.ts";
import type { ClientRow } from "./measure-transports.ts";

export const TRANSPORTS_KIND = "sluice-bench-transports";

export interface TransportsResult extends MeasuredResult {
  readonly kind: typeof TRANSPORTS_KIND;
  /** The baselines; none of a broker that could not be had, or beside a profile. */
  readonly clients: readonly ClientRow[];
}

const Figure = Type.Number({ minimum: 0 });
const FigureOrNull = Type.Union([Figure, Type.Null()]);

/** A figure that could not be had is `null`. CPU seconds are for 1,000 transitions. */
const Row = Type.Object({
  subject: Type.Literal("sluice"),
  flow: Type.Integer({ minimum: 1 }),
  participants: Type.Union(TRANSPORT_KINDS.map((kind) => Type.Literal(kind))),
  inFlight: Type.Integer({ minimum: 1 }),
  runs: Type.Integer({ minimum: 0 }),
  runsPerSecond: Figure,
  transitionsPerSecond: Figure,
  p50Ms: Figure,
  p99Ms: Figure,
  maxMs: Figure,
  subjectCpuPer1000: Figure,
  postgresCpuPer1000: FigureOrNull,
  participantsCpuPer1000: FigureOrNull,
  brokerCpuPer1000: FigureOrNull,
  peakBytes: Figure,
  walBytesPerTransition: Figure,
  othersCores: FigureOrNull,
});

const Client = Type.Object({
  broker: Type.Union(BROKER_NAMES.map((name) => Type.Literal(name))),
  version: Type.String(),
  producedPerSecond: Figure,
  consumedPerSecond: Figure,
  throughPerSecond: Figure,
});

export const TransportsResultSchema = Type.Object({
  kind: Type.Literal(TRANSPORTS_KIND),
  format: Type.Literal(RESULT_FORMAT),
  conditions: Type.Object({
    sluice: Type.String(),
    at: Type.String(),
    machine: Type.Object({
      cores: Type.Integer({ minimum: 1 }),
      model: Type.String(),
      platform: Type.String(),
      node: Type.String(),
    }),
    postgres: Type.String(),
    fsyncMs: FigureOrNull,
    isInMemory: Type.Boolean(),
    secondsPerFigure: Figure,
    othersCores: FigureOrNull,
  }),
  rows: Type.Array(Row),
  clients: Type.Array(Client),
  skipped: Type.Array(Type.Object({ case: Type.String(), reason: Type.String() })),
  goals: Type.Array(
    Type.Object({
      goal: Type.String(),
      found: Type.Union([Type.String(), Type.Null()]),
      isMet: Type.Union([Type.Boolean(), Type.Null()]),
    }),
  ),
  auditedRuns: Type.Integer({ minimum: 0 }),
  findings: Type.Array(Type.String()),
  profile: Type.Union([Type.Null(), Type.Object({})]),
  isInterrupted: Type.Boolean(),
});

export const TRANSPORTS_FORM: ResultForm<TransportsResult> = {
  kind: TRANSPORTS_KIND,
  command: "sluice bench transports",
  isWhole: (value): value is TransportsResult => Value.Check(TransportsResultSchema, value),
};
