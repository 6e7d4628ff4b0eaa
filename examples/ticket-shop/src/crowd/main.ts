/**
 * `npm run buy`: sends a crowd to the shop, waits until its orders have ended, and has the shop audited.
 * Exit code 0: all is well · 1: the audit failed, an acknowledged order is missing or one never ended · 2: wrong arguments ·
 * 3: the shop does not answer.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { newTotals, runCrowd } from "./crowd.ts";
import type { CrowdOptions } from "./crowd.ts";
import { EXIT, UsageError, nextInterrupt, readNumber, readRange } from "./flags.ts";
import { progressLine, report, toJson } from "./report.ts";
import { settleOrders } from "./settle.ts";
import { ShopClient } from "./shop-client.ts";

const URL_DEFAULT = "http://127.0.0.1:7070";

const USAGE = `usage: npm run buy -- [OPTIONS]
  --users N        people who buy at once (default 50)
  --seconds N      how long they begin new orders (default 20)
  --ramp N|all     new people per second, or all at once (default 4)
  --think A-B      seconds that each pauses between two purchases (default 1-3)
  --concert ID     what they want to see (default festival)
  --seed N         names the orders: repeats an earlier crowd at a new shop (default random)
  --settle N       seconds that the orders may take to end afterwards (default 180)
  --url URL        where the shop is (SLUICE_URL; default ${URL_DEFAULT})
  --json           print the result as JSON
  --help`;

interface Arguments extends Omit<CrowdOptions, "signal"> {
  readonly settleMs: number;
  readonly url: string;
  readonly isJson: boolean;
}

class UnreachableError extends Error {}

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const given = readArguments();
    if (given !== null) return await buy(given);
    write(USAGE);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof UsageError) return refuse(`${error.message}\n\n${USAGE}`, EXIT.usage);
    if (error instanceof UnreachableError) return refuse(error.message, EXIT.unreachable);
    throw error;
  }
}

function refuse(message: string, exitCode: number): number {
  process.stderr.write(`${message}\n`);
  return exitCode;
}

async function buy(given: Arguments): Promise<number> {
  const shop = new ShopClient(given.url, given.users + 16);
  try {
    await requireShop(shop, given);
    return await sendCrowd(shop, given);
  } finally {
    await shop.close();
  }
}

async function requireShop(shop: ShopClient, { url, concertId }: Arguments): Promise<void> {
  const { cause } = await shop.getConcert(concertId);
  if (cause === undefined) return;
  if (cause === "SHOP_UNKNOWN_CONCERT")
    throw new UsageError(`--concert is ${concertId}, expected one of ${url}/shop/concerts`);
  throw new UnreachableError(
    `the shop at ${url} does not answer (${cause}); start it with npm start, or name another with --url or SLUICE_URL`,
  );
}

async function sendCrowd(shop: ShopClient, { settleMs, url, isJson, ...crowd }: Arguments): Promise<number> {
  const totals = newTotals();
  if (!isJson)
    write(`${crowd.users} people buy tickets at ${url} for ${crowd.seconds} s (seed ${crowd.seed})`);
  const startedAtMs = performance.now();
  const progress = isJson
    ? undefined
    : showProgress(() => progressLine(totals, performance.now() - startedAtMs));
  await runCrowd(shop, { ...crowd, signal: nextInterrupt() }, totals);
  const tookMs = performance.now() - startedAtMs;
  progress?.end();

  if (!isJson && totals.orders.length > 0) write("waiting until the orders have ended …");
  const settled = await settleOrders(shop, totals.orders, { settleMs, signal: nextInterrupt() });
  const audit = await shop.audit();

  const result = { seed: crowd.seed, tookMs, totals, settled, audit };
  write(isJson ? JSON.stringify(toJson(result), null, 2) : report(result));
  const isWell = audit.body?.isClean === true && settled.missing.length === 0 && settled.open.length === 0;
  return isWell ? EXIT.ok : EXIT.failed;
}

function readArguments(): Arguments | null {
  const { values } = parse();
  if (values.help) return null;
  const [thinkMin, thinkMax] = readRange("think", values.think);
  return {
    users: readNumber("users", values.users, 1, 10_000),
    seconds: readNumber("seconds", values.seconds, 1, 86_400),
    usersPerSecond: values.ramp === "all" ? Infinity : readNumber("ramp", values.ramp, 0.01, 10_000),
    thinkMsMin: thinkMin * 1000,
    thinkMsMax: thinkMax * 1000,
    concertId: values.concert,
    seed: values.seed === undefined ? randomInt(2 ** 31) : readNumber("seed", values.seed, 0, 2 ** 31),
    settleMs: readNumber("settle", values.settle, 0, 86_400) * 1000,
    url: readUrl(values.url),
    isJson: values.json,
  };
}

function parse() {
  try {
    return parseArgs({
      options: {
        users: { type: "string", default: "50" },
        seconds: { type: "string", default: "20" },
        ramp: { type: "string", default: "4" },
        think: { type: "string", default: "1-3" },
        concert: { type: "string", default: "festival" },
        seed: { type: "string" },
        settle: { type: "string", default: "180" },
        url: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** An option before the variable; an empty variable counts as unset, as with `sluice`. */
function readUrl(option: string | undefined): string {
  const [name, text] =
    option === undefined ? ["SLUICE_URL", process.env["SLUICE_URL"] || URL_DEFAULT] : ["--url", option];
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text).origin;
  throw new UsageError(`${name} is ${text}, expected one such as ${URL_DEFAULT}`);
}

/** On a terminal one line that is written over each second; elsewhere a new line every five. */
function showProgress(line: () => string): { end(): void } {
  const { isTTY } = process.stdout;
  const timer = setInterval(
    () => (isTTY ? process.stdout.write(`\r\u001b[K${line()}`) : write(line())),
    isTTY ? 1000 : 5000,
  );
  return {
    end() {
      clearInterval(timer);
      if (isTTY) process.stdout.write("\r\u001b[K");
    },
  };
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}
