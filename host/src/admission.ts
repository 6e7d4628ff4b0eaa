/** Admission at the door: a limit on requests in flight, so that a crowd is told to come back instead of filling memory. */
import { hostError } from "./errors.ts";

export interface Admission {
  /** Takes a place. @throws HOST_OVERLOADED (overloaded) when all are taken; nothing has happened then */
  enter(): void;
  /** Gives the place back; exactly once for each `enter` that succeeded. */
  readonly leave: () => void;
  readonly inFlight: number;
}

export interface AdmissionOptions {
  readonly requestsInFlightMax: number;
  /** What a refused caller is told to wait. */
  readonly retryAfterMs: number;
}

export function createAdmission({ requestsInFlightMax, retryAfterMs }: AdmissionOptions): Admission {
  let inFlight = 0;
  return {
    enter() {
      if (inFlight >= requestsInFlightMax) {
        throw hostError(
          "HOST_OVERLOADED",
          `${inFlight} requests are in flight, expected at most ${requestsInFlightMax}; try again after the pause`,
          { fields: { requestsInFlightMax }, retryAfterMs },
        );
      }
      inFlight += 1;
    },
    leave: () => {
      inFlight -= 1;
    },
    get inFlight() {
      return inFlight;
    },
  };
}
