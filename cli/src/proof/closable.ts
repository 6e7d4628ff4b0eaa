/** Things that are made of many, and ended in the order that reverses it. */
import type { Report } from "@sluice/engine/random-flows";
import { messageOf } from "../arguments.ts";

export interface Closable {
  /** Ends everything that runs, as hard as it takes. Files that are evidence are kept, also those on a disk of its own. */
  close(isEvidence: boolean): Promise<void>;
}

type Closer = (isEvidence: boolean) => Promise<void> | void;
/** Takes what ends something that was begun; the last is called first. */
export type OnClose = (closer: Closer) => void;

/** What `make` makes, with all that it has begun to be ended by `close`; where it fails, that is ended at once. */
export async function openClosable<T>(
  make: (onClose: OnClose) => Promise<T>,
  report: Report,
): Promise<T & Closable> {
  const closers: Closer[] = [];
  const close = async (isEvidence: boolean): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) {
      try {
        await closer(isEvidence);
      } catch (error) {
        report("engine", `something did not end well: ${messageOf(error)}`);
      }
    }
  };
  try {
    return { ...(await make((closer) => void closers.push(closer))), close };
  } catch (error) {
    await close(true);
    throw error;
  }
}
