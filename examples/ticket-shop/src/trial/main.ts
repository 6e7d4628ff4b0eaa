/**
 * `npm run trial -w examples/ticket-shop`: the shop across processes, loaded and judged from outside.
 * Exit code 0: all laws hold · 1: one is broken, or it ended before · 2: wrong arguments.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT, UsageError, nextInterrupt } from "../crowd/flags.ts";
import { USAGE, readArguments } from "./arguments.ts";
import type { Arguments } from "./arguments.ts";
import { isBroken } from "./laws.ts";
import { report } from "./report.ts";
import { environmentOf, startServers } from "./servers.ts";
import type { TrialServers } from "./servers.ts";
import { startShopProcesses } from "./shop-processes.ts";
import { openTap } from "./rabbitmq-tap.ts";
import { runTrial } from "./trial.ts";
import type { TrialPlan, TrialResult } from "./trial.ts";

const APP = fileURLToPath(new URL("../app.ts", import.meta.url));
/** As many as there are partitions, and as there are engines. */
const LANES = "2";

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const given = readArguments(process.argv.slice(2));
    if (given !== null) return await tryShop(given);
    process.stdout.write(`${USAGE}\n`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}\n`);
    return EXIT.usage;
  }
}

async function tryShop({ kind, plan, isJson }: Arguments): Promise<number> {
  const say = (line: string): void => void (isJson ? process.stderr : process.stdout).write(`${line}\n`);
  const signal = nextInterrupt("SIGTERM");
  const servers = await startServers({ kind, env: process.env, say, signal });
  try {
    const result = await tryOn(servers, plan, { say, signal });
    say(report(result));
    const { seed } = plan.crowd;
    const { versions } = servers;
    if (isJson)
      process.stdout.write(`${JSON.stringify({ over: kind, versions, seed, ...result }, null, 2)}\n`);
    return result.verdicts.some(isBroken) ? EXIT.failed : EXIT.ok;
  } catch (error) {
    // The processes of the shop have got the same Ctrl-C, so whatever fails after it fails because of it.
    if (!signal.aborted) throw error;
    say("ended before it could be judged");
    return EXIT.failed;
  } finally {
    await servers.stop();
  }
}

async function tryOn(
  { broker, databaseUrl, versions, folder }: TrialServers,
  plan: TrialPlan,
  { say, signal }: { readonly say: (line: string) => void; readonly signal: AbortSignal },
): Promise<TrialResult> {
  const tap = await openTap(broker);
  const env = {
    ...process.env,
    ...environmentOf(tap.broker),
    SLUICE_DATABASE_URL: databaseUrl,
    SLUICE_ENGINE_LANES: LANES,
  };
  try {
    const shop = await startShopProcesses({ app: APP, env, ledger: join(folder, "provider.ledger") });
    try {
      say(`the shop runs over ${versions.join(" and ")}; seed ${plan.crowd.seed}`);
      return await runTrial({ shop, broker, published: tap.published, databaseUrl, say, signal }, plan);
    } finally {
      await shop.kill();
    }
  } finally {
    await tap.close();
  }
}
