import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode } from "@sluice/contracts/problem";
import { listenTo, resolveOptions, resolveRooms, unreadVariables, variableOf } from "./options.ts";
import type { Env, OptionReader } from "./options.ts";

interface ShopOptions {
  readonly port?: number | string;
  readonly holdMs?: number | string;
  readonly isOpen?: boolean | string;
  readonly mode?: string;
  readonly apiKey?: string;
  readonly providerUrl?: string;
}

interface Source {
  readonly options?: ShopOptions;
  readonly env?: Env;
  readonly file?: Readonly<Record<string, unknown>>;
}

function resolve<Resolved extends object>(
  { options = {}, env = {}, file }: Source,
  read: (reader: OptionReader<ShopOptions>) => Resolved,
): Readonly<Resolved> {
  return resolveOptions({ room: "ticket-shop", options, env, file }, read);
}

function faultOf(source: Source, read: (reader: OptionReader<ShopOptions>) => object): string {
  try {
    resolve(source, read);
  } catch (error) {
    assert.ok(hasCode(error, "HOST_BAD_OPTION"));
    return (error as Error).message;
  }
  throw new Error("there was no fault");
}

const port = (read: OptionReader<ShopOptions>) => ({
  port: read.wholeNumber("port", { min: 1, max: 65_535, default: 80 }),
});

test("takes an option before the environment, that before the file, and that before the default", () => {
  const env = { SLUICE_TICKET_SHOP_PORT: "82" };
  const file = { port: 83 };
  assert.deepEqual(resolve({ options: { port: 81 }, env, file }, port), { port: 81 });
  assert.deepEqual(resolve({ env, file }, port), { port: 82 });
  assert.deepEqual(resolve({ file }, port), { port: 83 });
  assert.deepEqual(resolve({}, port), { port: 80 });
});

test("counts an empty variable as unset", () => {
  assert.deepEqual(resolve({ env: { SLUICE_TICKET_SHOP_PORT: "" } }, port), { port: 80 });
});

test("takes a variable without a room as the default of each room", () => {
  const env = { SLUICE_PORT: "90", SLUICE_TICKET_SHOP_PORT: "" };
  assert.deepEqual(resolve({ env }, port), { port: 90 });
  assert.deepEqual(resolve({ env: { ...env, SLUICE_TICKET_SHOP_PORT: "91" } }, port), { port: 91 });
});

test("names found, expected, option and variable in a refusal", () => {
  assert.equal(
    faultOf({ env: { SLUICE_TICKET_SHOP_PORT: "eighty" } }, port),
    'ticket-shop: port is "eighty" (from SLUICE_TICKET_SHOP_PORT), expected a whole number from 1 to 65535; ' +
      "set the option port or the variable SLUICE_TICKET_SHOP_PORT",
  );
});

test("tells all faults at once", () => {
  const fault = faultOf({ options: { port: 0, mode: "open" } }, (read) => ({
    ...port(read),
    mode: read.oneOf("mode", ["memory", "postgres"], {}),
    holdMs: read.durationMs("holdMs", { min: 1000 }),
  }));
  assert.deepEqual(
    fault.split("\n").map((line) => line.split(",")[0]),
    [
      "ticket-shop: port is 0 (from the option)",
      'ticket-shop: mode is "open" (from the option)',
      "ticket-shop: holdMs is not set",
    ],
  );
});

test("tells the faults even when the resolver trips over a value that was refused", () => {
  const fault = faultOf({}, (read) => ({ mode: read.text("mode", {}).toUpperCase() }));
  assert.match(fault, /mode is not set/);
});

test("reads durations with and without a unit", () => {
  const holdMs = (text: string | number): number =>
    resolve({ options: { holdMs: text } }, (read) => ({ holdMs: read.durationMs("holdMs", {}) })).holdMs;
  assert.deepEqual(
    ["250", 250, "250ms", "1.5s", "5m", "2h", "1d"].map(holdMs),
    [250, 250, 250, 1500, 300_000, 7_200_000, 86_400_000],
  );
  for (const wrong of ["5 minutes", "-1s", "1.0001ms", Number.NaN])
    assert.throws(() => holdMs(wrong), /expected a duration/);
});

test("reads true and false in the words people use, and refuses others", () => {
  const isOpen = (word: string | boolean): boolean =>
    resolve({ options: { isOpen: word } }, (read) => ({ isOpen: read.boolean("isOpen", {}) })).isOpen;
  assert.deepEqual([true, "TRUE", "yes", "on", "1"].map(isOpen), [true, true, true, true, true]);
  assert.deepEqual([false, "false", "no", "Off", "0"].map(isOpen), [false, false, false, false, false]);
  for (const wrong of ["maybe", "constructor"]) assert.throws(() => isOpen(wrong), /expected true or false/);
});

test("takes only URLs of the named schemes, and hides the password of one it refuses", () => {
  const fault = faultOf({ options: { providerUrl: "ftp://me:geheim@host/x" } }, (read) => ({
    providerUrl: read.url("providerUrl", { schemes: ["http", "https"] }),
  }));
  assert.match(fault, /"ftp:\/\/me:\*\*\*@host\/x".*begins with http:\/\/ or https:\/\//);
});

test("refuses a URL that a driver would read otherwise than its writer, and shows no password of it", () => {
  const schemes = ["postgres", "postgresql"];
  const read = (reader: OptionReader<ShopOptions>) => ({
    providerUrl: reader.url("providerUrl", { schemes }),
  });
  const begins = /expected a URL that begins with postgres:\/\/ or postgresql:\/\//;
  const cases: readonly (readonly [string, RegExp])[] = [
    ["postgres:/u:geheim@h/x", begins],
    ["postgres:u:geheim@h/x", begins],
    ["postgres://u:ge/heim@h/x", begins],
    ["postgres:///u:geheim@h/x", /expected a URL with a host after its \/\//],
    ["postgres:///x", /expected a URL with a host/],
    ["postgres:///x?host=/var/run/postgresql", /a unix socket cannot be named, so use its TCP address/],
    ["postgres://h/x?port=1&host=%2Frun", /a unix socket cannot be named/],
    ["postgres://%2Fvar%2Frun/x", /a unix socket cannot be named/],
    ["postgres://u:%zzgeheim@h/x", /percent-encoded, a % itself as %25/],
    ["postgres://%zz:geheim@h/x", /percent-encoded/],
  ];
  for (const [providerUrl, expected] of cases) {
    const fault = faultOf({ options: { providerUrl } }, read);
    assert.match(fault, expected, providerUrl);
    assert.doesNotMatch(fault, /heim/);
  }
  for (const providerUrl of ["postgres://h", "postgresql://u:p%25@h:1/x?a=%zz", "postgres://[::1]/x"])
    assert.deepEqual(resolve({ options: { providerUrl } }, read), { providerUrl });
});

test("reads a secret from a file, cuts its last line end, and never shows it", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-options-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "key");
  writeFileSync(path, "geheim\n");
  const apiKey = (read: OptionReader<ShopOptions>) => ({
    apiKey: read.text("apiKey", { secret: true, charactersMax: 6 }),
  });
  assert.deepEqual(resolve({ env: { SLUICE_TICKET_SHOP_API_KEY_FILE: path } }, apiKey), { apiKey: "geheim" });

  writeFileSync(path, "zu lang und geheim\n");
  const fault = faultOf({ env: { SLUICE_TICKET_SHOP_API_KEY_FILE: path } }, apiKey);
  assert.doesNotMatch(fault, /geheim/);
  assert.match(fault, /a value that is not shown \(from the file of SLUICE_TICKET_SHOP_API_KEY_FILE\)/);

  const twice = { SLUICE_TICKET_SHOP_API_KEY_FILE: path, SLUICE_TICKET_SHOP_API_KEY: "geheim" };
  assert.match(faultOf({ env: twice }, apiKey), /given twice/);
  const gone = { SLUICE_TICKET_SHOP_API_KEY_FILE: join(folder, "nothing") };
  assert.match(faultOf({ env: gone }, apiKey), /in a file that cannot be read .*ENOENT/);
});

test("answers undefined for an optional value and freezes the whole", () => {
  const resolved = resolve({}, (read) => ({ mode: read.text("mode", { optional: true }) }));
  assert.equal(resolved.mode, undefined);
  assert.ok(Object.isFrozen(resolved));
});

test("spells variables after room and option", () => {
  assert.equal(variableOf("http", "bodyBytesMax"), "SLUICE_HTTP_BODY_BYTES_MAX");
  assert.equal(variableOf("ticket-shop", "port"), "SLUICE_TICKET_SHOP_PORT");
});

test("tells the faults of all rooms at once, each with its flag where it has one", () => {
  const room = (name: string, options: ShopOptions) => () =>
    resolveOptions({ room: name, options, env: {} }, port);
  assert.deepEqual(resolveRooms({ shop: room("shop", { port: 81 }), till: room("till", {}) }), {
    shop: { port: 81 },
    till: { port: 80 },
  });
  assert.throws(
    () =>
      resolveRooms(
        { shop: room("shop", { port: "http" }), bar: room("bar", {}), till: room("till", { port: 0 }) },
        { "shop.port": "--port" },
      ),
    {
      code: "HOST_BAD_OPTION",
      message:
        'shop: port is "http" (from the option), expected a whole number from 1 to 65535; set --port or the variable SLUICE_SHOP_PORT\n' +
        "till: port is 0 (from the option), expected a whole number from 1 to 65535; set the option port or the variable SLUICE_TILL_PORT",
    },
  );
});

test("lets through what is no fault of an option", () => {
  const broken = (): never => {
    throw new Error("a mistake of ours");
  };
  assert.throws(() => resolveRooms({ broken }), { message: "a mistake of ours" });
});

test("reads the one variable that an option names, and tells it in a refusal", () => {
  const read = (reader: OptionReader<ShopOptions>) => ({
    providerUrl: reader.url("providerUrl", { variable: "SLUICE_PROVIDER", schemes: ["http"] }),
  });
  const url = "http://localhost";
  assert.deepEqual(resolve({ env: { SLUICE_PROVIDER: url } }, read), { providerUrl: url });
  const others = { SLUICE_TICKET_SHOP_PROVIDER_URL: url, SLUICE_PROVIDER_URL: url };
  assert.match(faultOf({ env: others }, read), /is not set.* or the variable SLUICE_PROVIDER$/);
});

test("names the variables that nobody reads, with the one that was meant", () => {
  const set = {
    SLUICE_TICKET_SHOP_PROT: "80",
    SLUICE_SOMETHING_ELSE: "1",
    SLUICE_PORT: "81",
    SLUICE_NOTHING: "",
    HOME: "/",
  };
  const { env, asked } = listenTo(set);
  assert.deepEqual(resolve({ env }, port), { port: 81 });
  assert.deepEqual([...asked], ["SLUICE_TICKET_SHOP_PORT", "SLUICE_PORT"]);
  assert.deepEqual(unreadVariables(set, asked), [
    { variable: "SLUICE_TICKET_SHOP_PROT", meant: "SLUICE_TICKET_SHOP_PORT" },
    { variable: "SLUICE_SOMETHING_ELSE", meant: null },
  ]);
});
