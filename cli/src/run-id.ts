/** Which run is meant: people know the order number, not the id. */
import type { Api } from "./api.ts";
import { cliError } from "./errors.ts";
import type { Page, RunRow } from "./wire.ts";

/**
 * `given` is the id of a run or, beside a flow, its key in that flow.
 * @throws CLI_UNKNOWN_RUN (missing)
 */
export async function requireRunId(
  api: Pick<Api, "get">,
  given: string,
  flow: string | undefined,
): Promise<string> {
  if (flow === undefined) return given;
  const { items } = await api.get<Page<RunRow>>("/v1/runs", { flow, key: given, limit: 1 });
  const [row] = items;
  if (row !== undefined) return row.runId;
  throw cliError(
    "CLI_UNKNOWN_RUN",
    `no run of ${flow} is listed with the key ${given}, expected a key beside --flow; an id stands without it, and lists are a moment behind`,
  );
}
