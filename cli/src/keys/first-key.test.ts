import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveDatabaseOptions } from "../database/options.ts";
import { firstKeyText } from "./first-key.ts";

test("the first key is made in the same database, and no password is repeated", () => {
  const textOf = (flags: object, env = {}) => firstKeyText(resolveDatabaseOptions(flags, env, "/srv/shop"));
  assert.match(textOf({ dataDir: "my data" }), /--scope admin --data-dir '\/srv\/shop\/my data'`$/);
  assert.match(textOf({}, { SLUICE_DATABASE_DATA_DIRECTORY: "/var/shop" }), /--data-dir \/var\/shop`$/);
  const external = textOf({ databaseUrl: "postgres://shop:secret@db/shop" });
  assert.match(external, /the same --database-url or SLUICE_DATABASE_URL$/);
  assert.doesNotMatch(external, /secret/);
});
