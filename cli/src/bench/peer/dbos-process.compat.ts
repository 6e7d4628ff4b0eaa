/** The process of DBOS: `sluice bench engine --against dbos` starts it, puts the load on it, and lets go of it. */
import { serveSubject } from "../subject/serve-subject.ts";
import { openDbos } from "./dbos.compat.ts";

serveSubject(openDbos);
