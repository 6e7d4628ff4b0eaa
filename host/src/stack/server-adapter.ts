/** What one kind of server brings to the stack. Folders, ports, processes and adoption are alike for all, and are not here. */
import type { OsUser } from "../postgres/os-user.ts";
import type { EndingStep } from "../server-process.ts";

export const SERVER_NAMES = ["kafka", "rabbitmq", "redis", "postgres"] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

export interface ServerAdapter {
  readonly name: ServerName;
  /** For people: `Kafka`. */
  readonly title: string;
  /** The version that is meant, or its line: what compose.yaml names too. */
  readonly version: string;
  /** The port that clients expect it on. */
  readonly port: number;
  /** How many further ports it opens for itself. */
  readonly innerPorts: number;
  /** Whom it runs as when we are root, the best first: no server runs as root. */
  readonly users: readonly string[];
  /** Looks for its programs, and changes nothing. */
  find(machine: Machine, user: OsUser | undefined): Promise<Finding>;
  /** Gets what is missing; does nothing where nothing is. @throws HOST_SERVER_MISSING, HOST_SERVER_INSTALL_FAILED (unavailable) */
  install(machine: Machine, progress: Progress): Promise<void>;
  /** The folder below `root` that its process works in, and owns. */
  homeOf(root: string): string;
  /** What clients connect to. */
  addressOf(place: Place): string;
  /** Asks the server in its own protocol; `undefined`: it is not ready to work. Never fails. */
  greet(place: Place): Promise<Greeting | undefined>;
  /** The first words with a server that has just been started or adopted. */
  settle?(place: Place): Promise<void>;
  /** The signals that end it, the kindest first, which may take `stopMs`. */
  endingOf(stopMs: number): readonly EndingStep[];
  /** Removes what the server leaves outside of its folder. It has ended. */
  cleanUp?(place: Place): Promise<void>;
}

/** A server whose programs are here. */
export interface InstalledServer {
  /** Makes what must be there before a start: whole, or not at all. */
  make(place: Place): Promise<void>;
  /** How it is started there; the same place gives the same answer. */
  launchOf(place: Place): Launch;
}

export type Finding = { readonly installed: InstalledServer } | { readonly missing: Missing };

/** What keeps a server from being started on this machine. */
export interface Missing {
  /** `there is no java, expected Java 17 or newer` */
  readonly found: string;
  /** `install it with apt-get install default-jre-headless` */
  readonly remedy: string;
}

/** Where one server works. */
export interface Place {
  /** Everything of this server is below. */
  readonly root: string;
  /** Its process's part of that. */
  readonly home: string;
  readonly user: OsUser | undefined;
  /** The clients' port first, then the inner ones. All are on 127.0.0.1. */
  readonly ports: readonly [number, ...number[]];
  /** A password that is this folder's own. */
  readonly secret: string;
}

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Written into the home before each start; only the server's user may read them. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

export interface Greeting {
  /** The running server's own: `3.10.8`. */
  readonly version: string;
}

/** Where programs are looked for and put. */
export interface Machine {
  /** The folders in which a program is looked for, the best first. */
  readonly programFolders: readonly string[];
  /** Where downloads are kept. */
  readonly cacheDirectory: string;
}

/** Tells whoever waits what is going on. */
export interface Progress {
  /** A stage of the work, worth a line. */
  say(text: string): void;
  /** What is being done just now; the next one takes its place. */
  show(text: string): void;
  /** Aborted when nobody waits any more: what is under way is ended. */
  readonly signal: AbortSignal;
}

export const LOOPBACK = "127.0.0.1";
