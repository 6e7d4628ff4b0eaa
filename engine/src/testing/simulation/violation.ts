/** A broken promise: an invariant (I1 to I6), or what the engine owes beside them. */
export interface Violation {
  readonly promise: "I1" | "I2" | "I3" | "I4" | "I5" | "I6" | "engine";
  readonly message: string;
}

export type Report = (promise: Violation["promise"], message: string) => void;
