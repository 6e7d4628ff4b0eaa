import { engineError } from "../core/errors.ts";
import { didYouMean } from "../core/findings.ts";

/** What whoever names a flow is told that is not served here; `served` are the names of those that are. */
export function unknownFlow(name: string, served: Iterable<string>): Error {
  const names = [...served];
  const shown = name.slice(0, 80);
  const expected = names.length === 0 ? "no flow is" : `expected one of: ${names.join(", ")}`;
  const hint = didYouMean(shown, names);
  return engineError(
    "FLOW_UNKNOWN_FLOW",
    `no flow ${JSON.stringify(shown)} is served here, ${expected}${hint === null ? "" : `; ${hint}`}`,
    { fields: { flow: name } },
  );
}
