import { Agent } from "undici";
import type { Dispatcher } from "undici";
import type { LaneInput } from "../../core/inputs.ts";
import { engineError } from "../../core/errors.ts";
import type { PeerAnswer, Peers } from "../../core/ports.ts";
import { CONNECT_MS_MAX, codeOf, isNeverReached, startAttempt } from "./attempt.ts";

/** Where an engine takes inputs from another. */
export const INPUTS_PATH = "/internal/v1/inputs";

/** Where an engine is told that lanes have moved. */
export const LANES_PATH = "/internal/v1/lanes";

/** Most inputs in one message between engines. */
export const INPUTS_MAX = 1_000;

export interface HttpPeersOptions {
  /** How long a peer may take to answer, in ms; past it the outcome is unknown. @default 2000 */
  readonly forwardMs?: number;
}

/** Somewhat more than a lease: the lane of a peer that is frozen has another owner by then, and the input goes on to that one. */
const FORWARD_MS_DEFAULT = 2_000;
const FORWARD_MS_MAX = 600_000;
/** Connections to one peer. The engine sends few messages at once, each with many inputs. */
const CONNECTIONS_MAX = 8;
/** Largest answer of a peer, in bytes: some 16 KiB for each of INPUTS_MAX inputs, most of which need a hundredth of that. */
const ANSWERS_BYTES_MAX = 16_777_216;

/**
 * The other engines of a deployment over HTTP, which know each other by the deployment's secret. Give it to `createEngine` as `peers`.
 * @throws FLOW_BAD_OPTION (invalid)
 */
export function httpPeers(secret: string, options: HttpPeersOptions = {}): Peers {
  const forwardMs = options.forwardMs ?? FORWARD_MS_DEFAULT;
  if (!Number.isInteger(forwardMs) || forwardMs < 1 || forwardMs > FORWARD_MS_MAX) {
    const expected = `expected a whole number from 1 to ${FORWARD_MS_MAX}`;
    throw engineError("FLOW_BAD_OPTION", `http peers: forwardMs is ${forwardMs}, ${expected}`);
  }
  const agent = new Agent({
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    connect: { timeout: Math.min(CONNECT_MS_MAX, forwardMs) },
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: ANSWERS_BYTES_MAX,
  });
  const wire = { agent, secret, forwardMs };
  return {
    forward: (address, inputs) => forward(wire, address, inputs),
    lanesMoved: (address) => tellLanesMoved(wire, address),
  };
}

interface Wire {
  readonly agent: Agent;
  readonly secret: string;
  readonly forwardMs: number;
}

async function forward(
  wire: Wire,
  address: string,
  inputs: readonly LaneInput[],
): Promise<readonly PeerAnswer[]> {
  const attempt = startAttempt(wire.forwardMs);
  try {
    const answer = await wire.agent.request({
      ...destination(address, INPUTS_PATH),
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${wire.secret}` },
      body: JSON.stringify({ inputs }),
      signal: attempt.signal,
    });
    if (answer.statusCode !== 200) throw await refusedBy(address, answer);
    return answersOf(await answer.body.json(), inputs.length, address);
  } catch (error) {
    throw toForwardError(error, address);
  } finally {
    attempt.end();
  }
}

async function tellLanesMoved({ agent, secret, forwardMs }: Wire, address: string): Promise<void> {
  const attempt = startAttempt(forwardMs);
  try {
    const { body } = await agent.request({
      ...destination(address, LANES_PATH),
      method: "POST",
      headers: { authorization: `Bearer ${secret}` },
      signal: attempt.signal,
    });
    await body.dump();
  } finally {
    attempt.end();
  }
}

function destination(address: string, to: string): { readonly origin: string; readonly path: string } {
  const { origin, pathname } = new URL(to, address);
  return { origin, path: pathname };
}

/** Whoever answers 4xx, 429 or 503 has taken nothing in; of any other failure nobody knows. */
async function refusedBy(address: string, { statusCode, body }: Dispatcher.ResponseData): Promise<Error> {
  await body.dump();
  const isUntaken = (statusCode >= 300 && statusCode < 500) || statusCode === 503;
  return isUntaken
    ? noOwner(address, `answered ${statusCode}`)
    : outcomeUnknown(address, `answered ${statusCode}`);
}

function answersOf(body: unknown, count: number, address: string): readonly PeerAnswer[] {
  const { answers } = Object(body) as { readonly answers?: unknown };
  if (Array.isArray(answers) && answers.length === count) return answers as readonly PeerAnswer[];
  throw outcomeUnknown(address, `did not give ${count} answers`);
}

function toForwardError(error: unknown, address: string): unknown {
  if (typeof error === "object" && error !== null && "kind" in error) return error;
  return isNeverReached(error)
    ? noOwner(address, codeOf(error), error)
    : outcomeUnknown(address, codeOf(error), error);
}

function noOwner(address: string, why: string, cause?: unknown): Error {
  const message = `the engine at ${address} took nothing in: ${why}`;
  return engineError("FLOW_NO_OWNER", message, { cause });
}

function outcomeUnknown(address: string, why: string, cause?: unknown): Error {
  const message = `the engine at ${address} may have taken the inputs in: ${why}`;
  return engineError("FLOW_OUTCOME_UNKNOWN", message, { cause });
}
