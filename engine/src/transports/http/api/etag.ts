import type { JsonObject } from "@sluice/contracts/envelope";
import type { PauseRow } from "../../../core/ports.ts";
import { bodyDigest } from "../../../core/digest.ts";

/** The entity tag of a run: its version, which grows with every change, and what holds it back, which is no change of it. */
export function etagOf(run: { readonly version: number }, pauses: readonly PauseRow[]): string {
  const held = pauses.length === 0 ? "" : `-${digestOf(pauses)}`;
  return `"${run.version}${held}"`;
}

function digestOf(pauses: readonly PauseRow[]): string {
  const shown: JsonObject = Object.fromEntries(
    pauses.map(({ flow, scope, name, atMs }) => [`${flow}/${scope}/${name}`, atMs]),
  );
  return bodyDigest(shown, "pauses").toString(36);
}

/** Whether `If-None-Match` names this tag. @see RFC 9110 section 13.1.2 */
export function namesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((each) => ["*", etag].includes(each.trim().replace(/^W\//, "")));
}
