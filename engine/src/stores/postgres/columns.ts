/**
 * Rows as columns: one parameter per column, unnested by the statement. The encoders make the text that Postgres reads; the driver's
 * own cost a batch half as much time again (docs/decisions/0010-batch-writes.md).
 */
import { engineError } from "../../core/errors.ts";

/** An array of numbers, UUIDs or booleans: nothing in it needs quotes. */
export function plains(values: readonly (number | string | boolean | null)[]): string {
  return `{${values.join(",")}}`;
}

/** An array of any texts. */
export function texts(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? "null" : quote(value))).join(",")}}`;
}

function quote(text: string): string {
  return SPECIAL.test(text) ? `"${text.replace(SPECIALS, "\\$&")}"` : `"${text}"`;
}

const SPECIAL = /["\\]/;
const SPECIALS = /["\\]/g;

/**
 * JSON texts, one a line, for `string_to_array(…, E'\n', '')`: JSON.stringify escapes every line break, so nothing has to be quoted
 * here or unquoted there. An empty line is null.
 */
export function lines(texts: readonly (string | null)[]): string {
  // One line too many would shift all rows behind it.
  if (texts.some((text) => text?.includes("\n")))
    throw engineError("FLOW_UNEXPECTED", "a JSON text has a line break, expected what JSON.stringify makes");
  return texts.join("\n");
}
