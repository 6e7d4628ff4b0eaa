/** The application that `sluice up` serves: a module that exports `app`. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { SluiceApp } from "../app.ts";
import { messageOf } from "../arguments.ts";
import { cliError } from "../errors.ts";

/** Where an app is looked for when none is named. */
const DEFAULT_FILES = ["app.ts", "src/app.ts", "app.js", "src/app.js"];

/**
 * Imports the app and checks its shape.
 * @throws CLI_BAD_APP (invalid) that says what was found and what was expected
 */
export async function loadApp(file: string | undefined, directory: string): Promise<SluiceApp> {
  const path = file === undefined ? findApp(directory) : resolve(directory, file);
  if (!existsSync(path)) throw bad(`there is no file ${path}, expected a module that exports \`app\``);
  return requireApp(await importFile(path), path);
}

function findApp(directory: string): string {
  const path = DEFAULT_FILES.map((name) => resolve(directory, name)).find((each) => existsSync(each));
  if (path !== undefined) return path;
  throw bad(
    `no APP was named and ${directory} has none of ${DEFAULT_FILES.join(", ")}; name the file of your app`,
  );
}

async function importFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw bad(`${path} cannot be loaded: ${describe(error)}`, error);
  }
}

/** TypeScript's syntax errors have their place in the first line of the stack, other errors in the first frame that is a file. */
function describe(error: unknown): string {
  if (!(error instanceof Error) || error.stack === undefined) return messageOf(error);
  const place = /(?:^|file:\/\/|\()(\/[^\s()]+:\d+)/m.exec(error.stack)?.[1];
  return place === undefined ? error.message : `${error.message} (${place})`;
}

function requireApp(exports: Readonly<Record<string, unknown>>, path: string): SluiceApp {
  const app = exports["app"];
  if (app === undefined) {
    const names = Object.keys(exports).join(", ") || "nothing";
    throw bad(`${path} exports ${names}, expected a value \`app\` (a SluiceApp of @sluice/cli/app)`);
  }
  const fault = faultOf(Object(app) as Readonly<Record<string, unknown>>);
  if (fault !== undefined) throw bad(`${path}: ${fault}`);
  return app as SluiceApp;
}

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
/** Postgres cuts the names of schemas at 63 bytes. */
const NAME_CHARACTERS_MAX = 63;
const RESERVED_SCHEMA = /^(?:sluice|public|pg_.*|information_schema)$/;

function faultOf({ name, flows, migrations, open }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof name !== "string" || !NAME.test(name) || name.length > NAME_CHARACTERS_MAX) {
    return `app.name is ${show(name)}, expected a name in kebab-case such as ticket-shop`;
  }
  if (RESERVED_SCHEMA.test(schemaOf({ name }))) {
    return `app.name is ${show(name)}, whose schema ${schemaOf({ name })} is taken; choose another name`;
  }
  if (!Array.isArray(flows) || flows.length === 0) {
    return `app.flows is ${show(flows)}, expected a list of at least one flow of defineFlow or loadFlowFile`;
  }
  if (migrations !== undefined && typeof migrations !== "string" && !(migrations instanceof URL)) {
    return `app.migrations is ${show(migrations)}, expected the URL or the path of a folder`;
  }
  if (typeof open !== "function") return `app.open is ${show(open)}, expected a function`;
  return undefined;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** The schema of an app's tables: its name in snake_case. */
export function schemaOf({ name }: Pick<SluiceApp, "name">): string {
  return name.replaceAll("-", "_");
}

/** An error of the app's own code, with the place it came from; one with a code explains itself. */
export function toAppError(what: string, error: unknown): unknown {
  const isCoded = typeof error === "object" && error !== null && "code" in error && "kind" in error;
  return isCoded ? error : bad(`${what}: ${describe(error)}`, error);
}

function bad(message: string, cause?: unknown): Error {
  return cliError("CLI_BAD_APP", message, cause === undefined ? {} : { cause });
}
