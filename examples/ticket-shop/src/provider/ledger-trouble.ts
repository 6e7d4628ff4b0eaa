import type { LogPort } from "@sluice/engine";
import { shopError } from "../errors.ts";

/** What the machine may do to the ledger, by SQLite's primary result code. @see https://www.sqlite.org/rescode.html */
const FOUND: Readonly<Record<number, string>> = {
  5: "another process holds it",
  7: "there is no memory",
  8: "it may not be written",
  13: "the disk is full",
  14: "it cannot be opened",
};
/** An input or output that failed: SQLite does not say at which end of the work. */
const IO_ERROR = 10;

/** Knows whether a ledger can be written: callers are told each time, the log only when that changes. */
export class LedgerTrouble {
  readonly #file: string;
  readonly #log: Pick<LogPort, "warn">;
  #isIn = false;

  constructor(file: string, log: Pick<LogPort, "warn">) {
    this.#file = file;
    this.#log = log;
  }

  /** Does the work. @throws PROVIDER_UNAVAILABLE (unavailable): nothing happened · PROVIDER_TIMEOUT (timeout): it may have happened */
  watch<Answer>(work: () => Answer): Answer {
    try {
      return work();
    } catch (error) {
      throw this.#toTrouble(error);
    }
  }

  /** To be called when something was written; reading proves nothing, for a full disk can be read. */
  end(): void {
    if (this.#isIn) this.#log.warn({ ledger: this.#file }, "the ledger can be written again");
    this.#isIn = false;
  }

  #toTrouble(error: unknown): unknown {
    const { errcode, message } = Object(error) as Readonly<Record<string, unknown>>;
    // The extended code has the primary one in its lowest byte.
    const code = typeof errcode === "number" ? errcode & 0xff : 0;
    const found = code === IO_ERROR ? String(message) : FOUND[code];
    if (found === undefined) return error;
    if (!this.#isIn) this.#log.warn({ ledger: this.#file, found, err: error }, "the ledger fails");
    this.#isIn = true;
    return code === IO_ERROR
      ? shopError("PROVIDER_TIMEOUT", `the ledger fails (${found}), and it may have happened; ask again`, {
          cause: error,
        })
      : shopError("PROVIDER_UNAVAILABLE", `the ledger fails (${found}), and nothing happened; try again`, {
          cause: error,
          retryAfterMs: RETRY_AFTER_MS,
        });
  }
}

/** A disk that is full stays so until somebody comes. */
const RETRY_AFTER_MS = 5_000;
