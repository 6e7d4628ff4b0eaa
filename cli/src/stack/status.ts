/** `sluice stack status`: what runs in a data directory, whoever has started it. */
import { inspectStack } from "@sluice/host/stack";
import type { ServerReport } from "@sluice/host/stack";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Style } from "../style.ts";
import { renderTable } from "../table.ts";
import type { Column } from "../table.ts";
import { stackOptionsOf } from "./flags.ts";
import type { StackFlags } from "./flags.ts";

export async function stackStatus(cli: Cli, flags: StackFlags): Promise<ExitCode> {
  const { dataDirectory } = stackOptionsOf(flags, cli);
  const servers = await inspectStack(dataDirectory);
  if (flags.json === true) printJson(cli, { directory: dataDirectory, servers });
  else if (servers.length === 0) cli.stdout.write(`no server has been started in ${dataDirectory}\n`);
  else cli.stdout.write(renderTable(servers, columns(styleOf(cli)), styleOf(cli)));
  const isAllRunning = servers.length > 0 && servers.every(({ state }) => state === "running");
  return isAllRunning ? EXIT.ok : EXIT.failed;
}

function columns(style: Style): readonly Column<ServerReport>[] {
  return [
    { title: "server", cell: ({ name }) => name },
    { title: "state", cell: ({ state }) => (state === "running" ? style.good(state) : style.bad(state)) },
    { title: "pid", cell: ({ pid }) => String(pid ?? "-"), align: "right" },
    { title: "version", cell: ({ version }) => version ?? "-" },
    { title: "address", cell: ({ address }) => address },
  ];
}
