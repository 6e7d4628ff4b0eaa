/**
 * The door `@sluice/cli/app`: what a module exports as `app` for `sluice up FILE` to serve it.
 *
 * @example
 * import { defineApp } from "@sluice/cli/app";
 *
 * export const app = defineApp({
 *   name: "ticket-shop",
 *   flows: [purchase],
 *   migrations: new URL("../migrations/", import.meta.url),
 *   async open({ sql }) {
 *     return { participants: [transactional("tickets", ticketHandlers)] };
 *   },
 * });
 */
import type { Client, LogPort, MeterPort, Tracer, TransactionalParticipant, Transport } from "@sluice/engine";
import type { FlowDefinition } from "@sluice/engine/definition";
import type { CommandServer } from "@sluice/engine/participant";
import type { Sql } from "@sluice/host/postgres";
import type { FastifyPluginAsync } from "fastify";

/** An application: flows, and what carries out their commands. */
export interface SluiceApp {
  /** In kebab-case, such as `ticket-shop`. Its tables live in the schema of that name in snake_case, `ticket_shop`. */
  readonly name: string;
  /** Every version that runs may be pinned to. New runs take the newest. */
  readonly flows: readonly FlowDefinition[];
  /** The folder of the app's own migrations, `0001-name.sql` and so on, applied in its schema before `open`. */
  readonly migrations?: URL | string;
  /**
   * Opens what the app needs. Called once per process, after the migrations and before the engine starts; `sluice audit` calls it
   * too, for the audits alone, so that nothing should begin to work here by itself.
   */
  open(context: AppContext): Promise<OpenApp>;
  /** Participants in processes of their own: `sluice service NAME` runs the one of that name, in kebab-case. */
  readonly services?: Readonly<Record<string, AppService>>;
}

/** A participant in a process of its own. It has no engine, and a database only if it asks for one. */
export interface AppService {
  /** The folder of the service's own migrations, applied in its schema when it asks for its database. */
  readonly migrations?: URL | string;
  /** Opens what the service needs. Called once, before the process listens. */
  open(context: ServiceContext): Promise<OpenService>;
}

/** What a service gets from the process it runs in. */
export interface ServiceContext {
  /**
   * The service's own database, in the schema of its name in snake_case: a small pool, closed by the process after `close`.
   * @throws CLI_NO_DATABASE (missing) when no `--database-url` was given
   */
  readonly openSql: () => Promise<Sql>;
  /** How long an inbox in that database keeps an answer, for `postgresInbox`. `SLUICE_SERVICE_KEPT_DAYS`. */
  readonly keptDays: number;
  readonly log: LogPort;
  /** The traces of the process, for `receiveCommand` behind the service's routes. */
  readonly tracer: Tracer;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where this process listens, without a slash at the end. */
  readonly baseUrl: string;
  /** Aborted when the process begins to stop. */
  readonly stop: AbortSignal;
}

/** A service that is ready to work: behind a broker, behind HTTP, or both. */
export interface OpenService {
  /** Begins to take commands, with `serveCommands` of the participant kit. `/readyz` asks its `health`; it is stopped first. */
  serve?(parts: ServiceParts): Promise<CommandServer>;
  /** The service's routes, such as `commandRoute` of `@sluice/engine/http`. */
  readonly routes?: FastifyPluginAsync;
  readonly links?: readonly AppLink[];
  /** Called when the process stops, when no command is under way any more. */
  close?(): Promise<void>;
}

/** For `serveCommands`: log, metrics and traces of the process, and how often its inbox forgets (`SLUICE_SERVICE_PRUNE_EVERY_MS`). */
export interface ServiceParts {
  readonly log: LogPort;
  readonly meter: MeterPort;
  readonly tracer: Tracer;
  readonly pruneEveryMs: number;
}

/** What an app gets from the process it runs in. */
export interface AppContext {
  /** A small pool of connections to the app's schema, closed by the process after `close`. Not the transaction of a batch. */
  readonly sql: Sql;
  /** The app's schema. Transactional handlers run in the engine's transaction and qualify their tables with it. */
  readonly schema: string;
  readonly log: LogPort;
  /** The metrics of the process, for what the app opens beside the engine, such as transports to a broker. */
  readonly meter: MeterPort;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the app may keep files: the data directory of the embedded database, `.sluice` in the working directory without one. */
  readonly dataDirectory: string;
  /** Where this process listens, without a slash at the end: `http://127.0.0.1:7070`. */
  readonly baseUrl: string;
  /** Aborted when the process begins to stop. */
  readonly stop: AbortSignal;
}

/** An app that is ready to work. */
export interface OpenApp {
  /** One for each channel that the flows name. */
  readonly participants: readonly (TransactionalParticipant | Transport)[];
  /** Routes of the app's own, as a Fastify plugin; they are described in `/openapi.json` like those of the engine. */
  routes?(client: Client): FastifyPluginAsync;
  /** Laws of the app that hold at any instant. `sluice audit` checks them after those of the engine. */
  readonly audits?: readonly AppAudit[];
  /** Shown in the table of `sluice up`. */
  readonly links?: readonly AppLink[];
  /** Called when the process stops, after the engine did. */
  close?(): Promise<void>;
}

/** A law of the app, such as "every paid order has its ticket". */
export interface AppAudit {
  readonly name: string;
  /** One sentence for each breach found; none when the law holds. */
  check(): Promise<readonly string[]>;
}

export interface AppLink {
  readonly name: string;
  readonly url: string;
}

/** Says that a value is an app, and lets the editor help to write it. Returns it as it is. */
export function defineApp<const App extends SluiceApp>(app: App): App {
  return app;
}
