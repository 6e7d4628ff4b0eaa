import { assertFlow, inspectChildren } from "@sluice/engine/definition";
import type { Log } from "@sluice/host/log";
import type { SluiceApp } from "../app.ts";

/**
 * Checks the flows of an app before anything is started for them; warnings are logged.
 * @throws FLOW_BAD_DEFINITION (invalid) with every error of a flow, each with its state and line
 */
export function checkAppFlows({ flows }: Pick<SluiceApp, "flows">, log: Pick<Log, "warn">): void {
  for (const flow of flows) {
    const findings = [...assertFlow(flow), ...inspectChildren(flow, { flows, areAll: true })];
    for (const { code, message, file, line, state } of findings) {
      log.warn({ flow: flow.name, state, code, file, line }, message);
    }
  }
}
