/** The child's side: opens the subject, puts loads on it, tells what its process has used. */
import { driveLoad } from "../load/drive-load.ts";
import type { RunOnce } from "../load/load.ts";
import { startCpuProfile } from "../profile/cpu-profile.ts";
import type { CpuProfile } from "../profile/cpu-profile.ts";
import type { LoadAnswer, LoadRequest, Message, Request, Subject, Usage } from "./subject.ts";

/** Serves the parent until it lets go of the channel. */
export function serveSubject<Config>(open: (config: Config) => Promise<Subject>): void {
  const abort = new AbortController();
  let subject: Subject | null = null;
  let stopProfile: (() => CpuProfile) | null = null;
  const requireSubject = (): Subject => {
    if (subject === null) throw new Error("the subject is not open");
    return subject;
  };
  const answer = async (request: Request): Promise<unknown> => {
    switch (request.ask) {
      case "open":
        subject = await open(request.config as Config);
        return { url: subject.url };
      case "load":
        return loadOn(requireRunOnce(requireSubject()), request, abort.signal);
      case "abort":
        return abort.abort();
      case "usage":
        return usage();
      case "start-profile":
        stopProfile = startCpuProfile();
        return null;
      case "profile":
        return stopProfile?.() ?? null;
      case "close":
        return requireSubject().close();
    }
  };
  process.on("message", ({ id, request }: { id: number; request: Request }) => {
    answer(request).then(
      (value) => send({ id, value }),
      (error: unknown) => send({ id, error: toPlain(error) }),
    );
  });
  process.on("disconnect", () => process.exit());
  // Ctrl-C reaches every process of the terminal; the parent decides what becomes of this one.
  process.on("SIGINT", () => {});
}

function requireRunOnce({ runOnce }: Subject): RunOnce {
  if (runOnce === null) throw new Error("participants are asked by an engine, and take no load");
  return runOnce;
}

async function loadOn(
  runOnce: RunOnce,
  { load, isProfiled }: LoadRequest,
  signal: AbortSignal,
): Promise<LoadAnswer> {
  let stopProfile = () => null as LoadAnswer["profile"];
  let profile: LoadAnswer["profile"] = null;
  const result = await driveLoad(runOnce, load, {
    signal,
    opened: () => {
      send({ window: "opened", usage: usage() });
      if (isProfiled) stopProfile = startCpuProfile();
    },
    closed: () => {
      profile = stopProfile();
      send({ window: "closed", usage: usage() });
    },
  });
  return { result, profile };
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuSeconds: (user + system) / 1e6, peakBytes: process.resourceUsage().maxRSS * 1_024 };
}

function send(message: Message): void {
  process.send?.(message);
}

function toPlain(error: unknown): { message: string; code: string | null } {
  const { message = String(error), code = null } = Object(error) as { message?: string; code?: unknown };
  return { message, code: typeof code === "string" ? code : null };
}
