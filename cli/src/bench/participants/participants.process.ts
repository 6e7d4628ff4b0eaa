/** The process of the participants: the benchmark starts it, and lets go of it. */
import { serveSubject } from "../subject/serve-subject.ts";
import { openParticipants } from "./open-participants.ts";

serveSubject(openParticipants);
