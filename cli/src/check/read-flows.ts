/** The flows of a file: those it holds or exports, or those that the app in it serves. */
import { access, constants, stat } from "node:fs/promises";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { hasCode } from "@sluice/contracts/problem";
import { loadFlowFile, toLoadedFlow } from "@sluice/engine/definition";
import type { FlowDefinition, LoadedFlow } from "@sluice/engine/definition";
import { messageOf } from "../arguments.ts";
import type { CLI_ERRORS } from "../errors.ts";

export interface FlowsOfFile {
  readonly loaded: readonly LoadedFlow[];
  /** Whether these are all that will be served together. */
  readonly areAll: boolean;
}

/** Why no flow of a file could be looked at. */
export interface FileFault {
  readonly code: string;
  readonly message: string;
}

/** The fault of a file that is not there, or not ours to read. */
export const UNREADABLE = "CLI_BAD_ARGUMENT" satisfies keyof typeof CLI_ERRORS;

const CODE_FILES: ReadonlySet<string> = new Set([".ts", ".mts", ".js", ".mjs"]);

export async function readFlows(path: string): Promise<FlowsOfFile | FileFault> {
  const unreadable = await whyUnreadable(path);
  if (unreadable !== null)
    return {
      code: UNREADABLE,
      message: `cannot be read (${unreadable}), expected a file that holds a flow or an app`,
    };
  const served = CODE_FILES.has(extname(path).toLowerCase()) ? await flowsOfApp(path) : null;
  if (served !== null) return { loaded: served.map(toLoadedFlow), areAll: true };
  try {
    return { loaded: await loadFlowFile(path), areAll: false };
  } catch (error) {
    if (!hasCode(error, "FLOW_BAD_DEFINITION")) throw error;
    return { code: "FLOW_BAD_DEFINITION", message: messageOf(error) };
  }
}

/** Null when the file can be read. */
async function whyUnreadable(path: string): Promise<string | null> {
  try {
    await access(path, constants.R_OK);
    return (await stat(path)).isFile() ? null : "it is no regular file";
  } catch (error) {
    // `ENOENT: no such file or directory, access '…'`: the path stands before it already.
    return messageOf(error).split(",", 1)[0] ?? "";
  }
}

/** Null when the file exports no app. What goes wrong when it is run is told by whoever looks for flows in it. */
async function flowsOfApp(path: string): Promise<readonly FlowDefinition[] | null> {
  try {
    const { app } = (await import(pathToFileURL(path).href)) as { readonly app?: unknown };
    const { flows } = Object(app) as { readonly flows?: unknown };
    return Array.isArray(flows) ? (flows as readonly FlowDefinition[]) : null;
  } catch {
    return null;
  }
}
