/**
 * The promises of the Store port. Every store passes this suite, so the runtime and its simulation may trust any of them.
 * A harness is opened per test and belongs to it alone; the tests run one after the other and share nothing.
 */
import { describe } from "node:test";
import { auditPromises } from "./store-contract/audit-promises.ts";
import { batchPromises } from "./store-contract/batch-promises.ts";
import type { OpenHarness } from "./store-contract/harness.ts";
import { lanePromises } from "./store-contract/lane-promises.ts";
import { operationPromises } from "./store-contract/operation-promises.ts";
import { queuePromises } from "./store-contract/queue-promises.ts";
import { retentionPromises } from "./store-contract/retention-promises.ts";
import { searchPromises } from "./store-contract/search-promises.ts";

export type { OpenHarness, StoreHarness } from "./store-contract/harness.ts";

/** Declares the suite for one adapter. `open` gives an empty database and registers its cleaning with the test. */
export function storeContract(name: string, open: OpenHarness): void {
  describe(`${name} keeps the store's contract`, () => {
    lanePromises(open);
    batchPromises(open);
    queuePromises(open);
    operationPromises(open);
    searchPromises(open);
    auditPromises(open);
    retentionPromises(open);
  });
}
