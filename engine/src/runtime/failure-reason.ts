import { CodedError } from "@sluice/contracts/problem";

/** What may be told of a failure to whoever asks how the process feels: words of our own, not those of the database. */
export function failureReason(error: unknown): string {
  return error instanceof CodedError ? error.message : "the log says why";
}
