/**
 * The payment provider as a process of its own.
 *
 * It says where it listens in one line of JSON on stdout. Started with `--attached`, it ends when its stdin ends: that pipe closes
 * with the process that holds its other end, however that process dies.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { createHttpServer, resolveHttpOptions } from "@sluice/host/http";
import { createLog } from "@sluice/host/log";
import { createMeter } from "@sluice/host/metrics";
import { createStopper } from "@sluice/host/stop";
import { Callbacks } from "./callbacks.ts";
import { Ledger } from "./ledger.ts";
import { resolveProviderOptions } from "./options.ts";
import { Provider } from "./provider.ts";
import { registerProviderRoutes } from "./routes.ts";

await serve().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});

async function serve(): Promise<void> {
  const { values } = parseArgs({
    options: {
      attached: { type: "boolean", default: false },
      port: { type: "string" },
      ledger: { type: "string" },
    },
  });
  const options = resolveProviderOptions({ port: values.port, ledger: values.ledger }, process.env);
  const log = createLog({ level: "warn", fields: { process: "provider" }, destination: process.stderr });
  const stopper = createStopper({ log, stopMs: 2_000 });
  stopper.attach();
  if (values.attached) process.stdin.resume().once("close", () => process.exit(0));

  mkdirSync(dirname(options.ledger), { recursive: true });
  const ledger = new Ledger(options.ledger, log);
  stopper.add("ledger", () => ledger.close());
  const callbacks = new Callbacks({ secret: options.secret, seed: options.seed, log });
  stopper.add("callbacks", () => callbacks.stop());
  const { behavior, seed, unknownMs } = options;
  const provider = new Provider({
    ledger,
    callbacks,
    behavior,
    seed,
    unknownMs,
    monotonicMs: () => performance.now(),
  });

  const server = await createHttpServer({
    options: resolveHttpOptions({ host: "127.0.0.1", port: options.port }, {}),
    log,
    meter: createMeter(),
    info: {
      title: "Payment provider",
      version: "0.1.0",
      description: "Charges orders, as unreliably as it is told to.",
    },
  });
  registerProviderRoutes(server.app, provider);
  stopper.add("http", () => server.stop());
  const { url } = await server.listen();
  process.stdout.write(`${JSON.stringify({ url })}\n`);
}
