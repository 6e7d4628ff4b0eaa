/** Everything a seed makes: engines, database, network, flows, and those outside, put together and not yet set in motion. */
import { compileFlow } from "../../core/compile-flow.ts";
import type { CompiledFlow } from "../../core/compile-flow.ts";
import type { LogPort } from "../../core/ports.ts";
import { compileSchema } from "../../definition/compile-schema.ts";
import { createMemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import { BulkOperators } from "./bulk-operators.ts";
import { CallerLedger } from "./caller-ledger.ts";
import { Callers } from "./callers.ts";
import { Cluster } from "./cluster.ts";
import { CommitLog } from "./commit-log.ts";
import { Coverage } from "./coverage.ts";
import { Faults } from "./faults.ts";
import type { CrashPoint } from "./faults.ts";
import { generateFlows } from "./generate-flow.ts";
import type { GeneratedFlow } from "./generate-flow.ts";
import { LateAnswers } from "./late-answers.ts";
import { OperatorLedger } from "./operator-ledger.ts";
import { Operators } from "./operators.ts";
import { Outside } from "./outside.ts";
import { ParticipantLedger } from "./participant-ledger.ts";
import { Participants } from "./participants.ts";
import { drawProfile } from "./profile.ts";
import type { Profile } from "./profile.ts";
import { Random } from "./random.ts";
import type { Sabotage } from "./sabotage.ts";
import { Scheduler } from "./scheduler.ts";
import { scheduleStrikes } from "./strikes.ts";
import { Trace } from "./trace.ts";
import type { Report, Violation } from "./violation.ts";
import { Wire } from "./wire.ts";

export interface SimulationOptions {
  /** A fault planted behind a port. @default none */
  readonly sabotage?: Sabotage;
  /** What to make of the profile that the seed draws. @default the profile as it is */
  readonly adapt?: (profile: Profile) => Profile;
  /** One crash more, of whoever makes the n-th call of a port (counted from 1), before or after that call. @default none */
  readonly crash?: CrashPoint;
  /** Hears each step and each line of the engines' logs. @default nobody */
  readonly listen?: (line: string) => void;
}

export interface World {
  readonly profile: Profile;
  readonly scheduler: Scheduler;
  readonly coverage: Coverage;
  readonly violations: readonly Violation[];
  readonly report: Report;
  readonly database: MemoryDatabase;
  /** When virtual time begins, by the database's clock. */
  readonly beginMs: number;
  readonly faults: Faults;
  readonly log: CommitLog;
  readonly generated: readonly GeneratedFlow[];
  readonly flows: readonly CompiledFlow[];
  readonly cluster: Cluster;
  readonly late: LateAnswers;
  readonly participants: Participants;
  readonly participantLedger: ParticipantLedger;
  readonly callerLedger: CallerLedger;
  readonly callers: Callers;
  readonly operatorLedger: OperatorLedger;
  readonly operators: Operators;
  readonly bulkOperators: BulkOperators;
}

/** A seed with more broken promises than this is broken enough. */
const VIOLATIONS_MAX = 20;
/** A caller waits a little longer than an engine lets it. */
const PATIENCE_BEYOND_MS = 100;

export function createWorld(seed: number, options: SimulationOptions): World {
  const random = new Random(seed);
  const drawn = drawProfile(random.fork("profile"));
  const profile = options.adapt?.(drawn) ?? drawn;
  const scheduler = new Scheduler(new Trace(options.listen ?? null));
  const coverage = new Coverage();
  const violations: Violation[] = [];
  const report: Report = (promise, message) => {
    if (violations.length < VIOLATIONS_MAX) violations.push({ promise, message });
    scheduler.note(`VIOLATION ${promise}: ${message}`);
  };
  const beginMs = Date.parse(profile.beginning.at);
  const database = createMemoryDatabase({
    nowMs: () => beginMs + Math.floor(scheduler.nowMs),
    secret: "simulated",
  });
  const faults = new Faults(profile, random.fork("faults"), coverage, options.crash ?? null);
  const log = new CommitLog(report, coverage, database.nowMs);
  const generated = generateFlows(random.fork("flows"), profile);
  for (const { name, schedule } of generated)
    if (schedule?.servedUntilMs != null) database.schedules.set(name, schedule.servedUntilMs);
  const flows = generated.flatMap(({ versions }) =>
    versions.map((definition) => compileFlow(definition, compileSchema)),
  );
  const base = { profile, scheduler, coverage, report, database, beginMs, faults, log };
  return { ...base, violations, generated, flows, ...createPeople(base, generated, flows, random, options) };
}

type Base = Pick<
  World,
  "profile" | "scheduler" | "coverage" | "report" | "database" | "beginMs" | "faults" | "log"
>;

type People =
  | "cluster"
  | "late"
  | "participants"
  | "participantLedger"
  | "callerLedger"
  | "callers"
  | "operatorLedger"
  | "operators"
  | "bulkOperators";

/** Engines, participants, callers and operators, who all know each other. */
function createPeople(
  base: Base,
  generated: readonly GeneratedFlow[],
  flows: readonly CompiledFlow[],
  random: Random,
  { sabotage = {}, listen }: SimulationOptions,
): Pick<World, People> {
  const { profile, log, report } = base;
  const wire = new Wire(base);
  const participantLedger = new ParticipantLedger(log, report);
  const { entriesMax, submitMs } = profile.options;
  const late = new LateAnswers({ ...base, random: random.fork("late"), entriesMax }, () => outside);
  const participants = new Participants({
    ...base,
    late,
    ledger: participantLedger,
    random: random.fork("participants"),
    handleMs: profile.handleMs,
  });
  const cluster = new Cluster({
    ...base,
    wire,
    participants,
    sabotage,
    flows,
    random: random.fork("cluster"),
    enginesLog: listen === undefined ? SILENT : toLog(listen),
  });
  const patienceMs = submitMs + PATIENCE_BEYOND_MS;
  const outside = new Outside({ ...base, cluster, wire, patienceMs, random: random.fork("outside") });
  const callerLedger = new CallerLedger();
  const operatorLedger = new OperatorLedger();
  const users = { ...base, outside, flows: generated, untilMs: profile.chaosMs };
  const callers = new Callers({ ...users, ledger: callerLedger, random: random.fork("callers") });
  const operators = new Operators({ ...users, ledger: operatorLedger, random: random.fork("operators") });
  const bulkOperators = new BulkOperators({ ...users, random: random.fork("bulk operators") });
  scheduleStrikes({ ...base, cluster, random: random.fork("strikes") });
  const ledgers = { participantLedger, callerLedger, operatorLedger };
  return { cluster, late, participants, ...ledgers, callers, operators, bulkOperators };
}

const SILENT: LogPort = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function toLog(listen: (line: string) => void): LogPort {
  const say = (level: string) => (fields: object, message: string) =>
    listen(`${" ".repeat(13)}${level}: ${message} ${JSON.stringify(fields, messageOfError)}`);
  return { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
}

function messageOfError(_key: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}
