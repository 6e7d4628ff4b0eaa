/** What the trial is told on the command line. */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import type { ShopBroker } from "../broker.ts";
import { UsageError, readNumber, readRange } from "../crowd/flags.ts";
import type { TrialPlan } from "./trial.ts";

export const USAGE = `usage: npm run trial -w examples/ticket-shop -- [OPTIONS]
Starts Postgres, a broker, the payment provider, two engines and the three services of the ticket shop, each a process of
its own; lets users buy, raises the arrivals until it breaks, restarts every process, and judges the laws P-a to P-i.
  --over NAME          kafka or rabbitmq (default kafka)
  --users N            users of the closed loop (default 44)
  --ramp N             new users per second (default 4)
  --think A-B          seconds that each pauses between two purchases (default 1-3)
  --seconds N          how long users begin new orders (default 130)
  --rates A,B,…        arrivals per second, step by step (default 10,20,40,60,80,100,120,160,240)
  --step-seconds N     how long each rate is held (default 15)
  --p99-ms N           how long 99 of 100 orders may take to end, from their planned start (default 2000)
  --errors-percent N   failed calls that are borne for 100 orders (default 1)
  --concert ID         what they want to see (default festival)
  --seed N             names the orders (default random)
  --json               print the result as JSON; lines for people go to stderr
  --help`;

const RATES_MAX = 50;

export interface Arguments {
  readonly kind: ShopBroker["kind"];
  readonly plan: TrialPlan;
  readonly isJson: boolean;
}

/** Null: only the usage is asked for. @throws UsageError */
export function readArguments(args: readonly string[]): Arguments | null {
  const { values } = parse(args);
  if (values.help) return null;
  const { over } = values;
  if (over !== "kafka" && over !== "rabbitmq")
    throw new UsageError(`--over is ${over}, expected kafka or rabbitmq`);
  const [thinkMin, thinkMax] = readRange("think", values.think);
  return {
    kind: over,
    isJson: values.json,
    plan: {
      crowd: {
        users: readNumber("users", values.users, 2, 10_000),
        usersPerSecond: readNumber("ramp", values.ramp, 0.01, 10_000),
        thinkMsMin: thinkMin * 1000,
        thinkMsMax: thinkMax * 1000,
        seconds: readNumber("seconds", values.seconds, 1, 86_400),
        concertId: values.concert,
        seed: values.seed === undefined ? randomInt(2 ** 31) : readNumber("seed", values.seed, 0, 2 ** 31),
      },
      climb: {
        rates: readRates(values.rates),
        seconds: readNumber("step-seconds", values["step-seconds"], 1, 3_600),
        bounds: {
          p99Ms: readNumber("p99-ms", values["p99-ms"], 1, 600_000),
          errorsPercentMax: readNumber("errors-percent", values["errors-percent"], 0, 100),
        },
      },
    },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        over: { type: "string", default: "kafka" },
        users: { type: "string", default: "44" },
        ramp: { type: "string", default: "4" },
        think: { type: "string", default: "1-3" },
        seconds: { type: "string", default: "130" },
        rates: { type: "string", default: "10,20,40,60,80,100,120,160,240" },
        "step-seconds": { type: "string", default: "15" },
        "p99-ms": { type: "string", default: "2000" },
        "errors-percent": { type: "string", default: "1" },
        concert: { type: "string", default: "festival" },
        seed: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readRates(text: string): readonly number[] {
  const rates = text.split(",").map((rate) => readNumber("rates", rate, 0.1, 10_000));
  if (rates.length <= RATES_MAX && rates.every((rate, index) => rate > (rates[index - 1] ?? 0))) return rates;
  throw new UsageError(
    `--rates is ${text}, expected at most ${RATES_MAX} numbers, each above the one before`,
  );
}
