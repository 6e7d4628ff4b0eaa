import { storeContract } from "../../testing/store-contract.ts";
import { openPostgresHarness } from "./fixtures/harness.ts";

storeContract("postgres", openPostgresHarness);
