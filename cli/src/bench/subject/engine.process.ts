/** The process of the engine: `sluice bench engine` starts it, puts the load on it, and lets go of it. */
import { openEngine } from "./open-engine.ts";
import { serveSubject } from "./serve-subject.ts";

serveSubject(openEngine);
