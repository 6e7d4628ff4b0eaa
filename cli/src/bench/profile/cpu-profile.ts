/** A CPU profile of this process by V8's sampling profiler: the one behind `node --cpu-prof`, for a part of its life only. */
import { Session } from "node:inspector";
import type { Profiler } from "node:inspector";

export type CpuProfile = Profiler.Profile;

/** Fine enough for functions of a tenth of a millisecond; finer ones cost the process more than they tell. */
const SAMPLE_EVERY_US = 500;

/** Starts it at once; the answer ends it and gives what was seen. */
export function startCpuProfile(): () => CpuProfile {
  const session = new Session();
  session.connect();
  // Within one process the inspector answers before `post` returns.
  session.post("Profiler.enable");
  session.post("Profiler.setSamplingInterval", { interval: SAMPLE_EVERY_US });
  session.post("Profiler.start");
  return () => {
    let profile: CpuProfile | null = null;
    session.post("Profiler.stop", (error, answer) => {
      if (error === null) ({ profile } = answer);
    });
    session.disconnect();
    if (profile === null) throw new Error("the profiler gave no profile");
    return profile;
  };
}
