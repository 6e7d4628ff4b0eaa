import type { JsonObject } from "@sluice/contracts/envelope";
import type { Static } from "typebox";
import { engineError } from "../../../core/errors.ts";
import type { Operation } from "../../../core/inputs.ts";
import type { RunFilter } from "../../../core/ports.ts";
import type { OperationBody, RunFilterBody } from "./operation-schemas.ts";
import { parseUpdatedSince } from "./parse-updated-since.ts";

type GivenOperation = Static<typeof OperationBody>;

/** Which fields go with which operation. */
const FIELDS: Readonly<Record<Operation["type"], readonly (keyof GivenOperation)[]>> = {
  cancel: ["compensate"],
  retry: [],
  redrive: [],
  skip: [],
  force: ["state", "data"],
  migrate: ["toVersion"],
};

/** @throws FLOW_BAD_OPERATION (invalid) */
export function parseOperation(given: GivenOperation): Operation {
  refuseStrayFields(given);
  const { type, compensate = true, state, data, toVersion } = given;
  switch (type) {
    case "cancel":
      return { type, compensate };
    case "retry":
    case "redrive":
    case "skip":
      return { type };
    case "force":
      if (state === undefined) throw bad("force without a state, expected the one to go to");
      return { type, state, ...(data === undefined ? {} : { data: data as JsonObject }) };
    case "migrate":
      if (toVersion === undefined) throw bad("migrate without toVersion, expected the version to go to");
      return { type, toVersion };
  }
}

/** A field that is passed over could be the one that mattered. */
function refuseStrayFields(given: GivenOperation): void {
  const known: readonly string[] = FIELDS[given.type];
  const stray = Object.keys(given).filter((name) => name !== "type" && !known.includes(name));
  if (stray.length === 0) return;
  throw bad(`${given.type} with ${stray.join(", ")}, expected ${known.join(", ") || "no further field"}`);
}

/** @throws FLOW_BAD_QUERY (invalid) */
export function toRunFilter({ updatedSince, ...filter }: Static<typeof RunFilterBody>): RunFilter {
  return {
    ...filter,
    ...(updatedSince === undefined ? {} : { updatedSinceMs: parseUpdatedSince(updatedSince) }),
  };
}

function bad(message: string): Error {
  return engineError("FLOW_BAD_OPERATION", message);
}
