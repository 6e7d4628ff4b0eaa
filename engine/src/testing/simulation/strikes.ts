import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { Cluster } from "./cluster.ts";
import type { Coverage } from "./coverage.ts";
import type { Faults } from "./faults.ts";
import type { Profile } from "./profile.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

interface StrikePorts {
  readonly profile: Profile;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly coverage: Coverage;
  readonly cluster: Cluster;
  readonly database: MemoryDatabase;
}

const OUTAGE_MS_MAX = 300;

/** What strikes whatever is going on: a process is killed or frozen, an engine deployed anew, the database goes away for a while. */
export function scheduleStrikes(ports: StrikePorts): void {
  const { profile, random, scheduler } = ports;
  const kinds = { crash, freeze, restart, outage };
  for (const [name, strike] of Object.entries(kinds)) {
    for (let left = profile.strikes[name as keyof typeof kinds]; left > 0; left--)
      scheduler.schedule(random.between(0, profile.chaosMs), `strike: ${name}`, () => strike(ports));
  }
}

function crash({ random, coverage, cluster }: StrikePorts): void {
  const processes = cluster.processes();
  if (processes.length === 0) return;
  const process = random.pick(processes);
  coverage.count(process.isFrozen ? "crash while frozen" : "crash at any time");
  process.crash("at any time");
}

function freeze({ random, coverage, cluster }: StrikePorts): void {
  const processes = cluster.processes();
  if (processes.length === 0) return;
  coverage.count("freeze at any time");
  random.pick(processes).freeze("at any time");
}

function restart({ cluster }: StrikePorts): void {
  cluster.restart();
}

/** Nothing reaches the database; when it went down rather than away, what was open in it is gone. */
function outage({ random, coverage, faults, scheduler, database }: StrikePorts): void {
  coverage.count("database outage");
  faults.isOutage = true;
  if (random.chance(0.5)) for (const transaction of [...database.transactions]) transaction.end();
  scheduler.schedule(
    random.between(5, OUTAGE_MS_MAX),
    "the database is back",
    () => (faults.isOutage = false),
  );
}
