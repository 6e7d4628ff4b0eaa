/** Admission at the door: a limit on requests in flight, so that a crowd is told to come back instead of filling memory. */
import { hostError } from "./errors.ts";

export interface Admission {
  /** Takes a place. @throws HOST_OVERLOADED (overloaded) when all are taken; nothing has happened then */
  enter(): void;
  /** Gives the place back; exactly once for each `enter` that succeeded. */
  readonly leave: () => void;
  readonly inFlight: number;
  /** Whether `enter` would throw. */
  readonly isFull: boolean;
  /** What it would throw. */
  refusal(): Error;
}

export interface AdmissionOptions {
  readonly requestsInFlightMax: number;
  /** What a refused caller is told to wait. */
  readonly retryAfterMs: number;
}

export function createAdmission({ requestsInFlightMax, retryAfterMs }: AdmissionOptions): Admission {
  let inFlight = 0;
  const isFull = (): boolean => inFlight >= requestsInFlightMax;
  const refusal = (): Error =>
    hostError(
      "HOST_OVERLOADED",
      `${requestsInFlightMax} requests are in flight, as many as may be (requestsInFlightMax); try again after the pause`,
      { fields: { requestsInFlightMax }, retryAfterMs },
    );
  return {
    enter() {
      if (isFull()) throw refusal();
      inFlight += 1;
    },
    refusal,
    leave: () => {
      inFlight -= 1;
    },
    get inFlight() {
      return inFlight;
    },
    get isFull() {
      return isFull();
    },
  };
}
