import { engineError } from "../../core/errors.ts";
import type { LaneInput } from "../../core/inputs.ts";
import type { PeerAnswer, Peers } from "../../core/ports.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Coverage } from "./coverage.ts";
import type { Faults } from "./faults.ts";
import type { Scheduler } from "./scheduler.ts";
import { codeOf } from "./simulated-process.ts";
import type { SimulatedProcess } from "./simulated-process.ts";

/** How a request over the wire can end without an answer. Only `refused` says that nothing happened. */
export class WireError extends Error {
  readonly reason: "refused" | "reset" | "timeout";

  constructor(reason: WireError["reason"]) {
    super(`the simulated connection: ${reason}`);
    this.reason = reason;
  }
}

interface WirePorts {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly coverage: Coverage;
}

/** Requests into a process, from callers, participants and other processes: late, lost on the way there or back, or cut by its death. */
export class Wire {
  readonly #ports: WirePorts;

  constructor(ports: WirePorts) {
    this.#ports = ports;
  }

  /**
   * `work` runs within the process; its outcome travels back.
   * @throws WireError, or what `work` throws
   */
  request<T>(
    process: SimulatedProcess,
    label: string,
    timeoutMs: number,
    work: () => Promise<T>,
  ): Promise<T> {
    const { scheduler, faults } = this.#ports;
    return new Promise((resolve, reject) => {
      let hangUp = (): void => {};
      let isOver = false;
      const end = (deliver: () => void): void => {
        if (isOver) return;
        isOver = true;
        disarm();
        hangUp();
        deliver();
      };
      const fail = (reason: WireError["reason"]) => (): void => end(() => reject(new WireError(reason)));
      const disarm = scheduler.schedule(timeoutMs, `${label}: no patience left`, fail("timeout"));
      if (!process.isAlive || faults.strikes("wireRefused")) {
        scheduler.schedule(faults.latencyMs(), `${label}: refused`, fail("refused"));
        return;
      }
      hangUp = process.onDeath(() =>
        scheduler.schedule(faults.latencyMs(), `${label}: reset`, fail("reset")),
      );
      const answer = (text: string, deliver: () => void): void => {
        if (!process.isAlive) return;
        if (!faults.strikes("wireLost")) {
          scheduler.schedule(faults.latencyMs(), `${label} ${text}`, () => end(deliver));
          return;
        }
        this.#ports.coverage.count("answer lost");
        scheduler.schedule(faults.latencyMs(), `${label}: reset`, fail("reset"));
      };
      const arrive = (): void =>
        void work().then(
          (value) => answer("←", () => resolve(value)),
          (error: unknown) => answer(`← ${codeOf(error)}`, () => reject(error as Error)),
        );
      scheduler.schedule(faults.latencyMs(), `${label} → ${process.name}`, arrive, process);
    });
  }
}

/** How long an engine waits for another. */
const FORWARD_MS = 150;

/** Forwarding as `from` sees it; addresses are names of processes. */
export function wirePeers(
  wire: Wire,
  from: SimulatedProcess,
  coverage: Coverage,
  find: (address: string) => { readonly process: SimulatedProcess; readonly runtime: Runtime } | undefined,
): Peers {
  const forward = async (address: string, inputs: readonly LaneInput[]): Promise<readonly PeerAnswer[]> => {
    const peer = find(address);
    if (peer === undefined) throw refused(address, coverage);
    // What travels is text: neither side can reach into the other's memory.
    const text = JSON.stringify(inputs);
    const receive = async (): Promise<string> =>
      JSON.stringify(await peer.runtime.receive(JSON.parse(text) as readonly LaneInput[]));
    try {
      const answers = await wire.request(peer.process, `${from.name} forwards`, FORWARD_MS, receive);
      coverage.count("input forwarded", inputs.length);
      return JSON.parse(answers) as readonly PeerAnswer[];
    } catch (error) {
      if (error instanceof WireError && error.reason === "refused") throw refused(address, coverage);
      throw lost(address, coverage);
    }
  };
  const point = {
    name: "forward",
    failure: { before: () => refused("a peer", coverage), after: () => lost("a peer", coverage) },
  };
  const lanesMoved = async (address: string): Promise<void> => {
    const peer = find(address);
    if (peer === undefined) throw refused(address, coverage);
    const look = async (): Promise<void> => peer.runtime.lanesMoved();
    await wire.request(peer.process, `${from.name} tells of moved lanes`, FORWARD_MS, look);
    coverage.count("moved lanes told");
  };
  return { forward: (address, inputs) => from.call(point, () => forward(address, inputs)), lanesMoved };
}

function refused(address: string, coverage: Coverage): Error {
  coverage.count("forward refused");
  return engineError("FLOW_NO_OWNER", `${address} cannot be reached in the simulation`);
}

function lost(address: string, coverage: Coverage): Error {
  coverage.count("forward lost");
  return engineError("FLOW_OUTCOME_UNKNOWN", `the answer of ${address} was lost in the simulation`);
}
