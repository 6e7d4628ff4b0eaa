/** Where tests find the programs of servers. */
import { env } from "node:process";
import { testFolder } from "../postgres/testing-folder.ts";
import { ADAPTERS } from "./adapters.ts";
import { findPrograms } from "./obtain.ts";
import { resolveStackOptions } from "./options.ts";
import type { ResolvedStackOptions } from "./options.ts";
import type { Finding, ServerName } from "./server-adapter.ts";

const findings: Partial<Record<ServerName, Promise<Finding>>> = {};

/** What is on this machine does not change while a test process runs, and looking takes its time: of Kafka every byte is checked. */
export function findOnce(name: ServerName): Promise<Finding> {
  return (findings[name] ??= findPrograms(ADAPTERS[name], optionsIn(testFolder()).machine));
}

/** A machine's own folders count, where its owner has named them. */
export function optionsIn(dataDirectory: string): ResolvedStackOptions {
  return resolveStackOptions({ dataDirectory, install: false }, env);
}
