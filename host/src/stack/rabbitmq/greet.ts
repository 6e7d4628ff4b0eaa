/**
 * Logs in and out again: a port that is open says little, and a password that is not the one we wrote down is found out here.
 * @see https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf, sections 1.4 (methods) and 4.2 (frames)
 */
import type { Greeting, Place } from "../server-adapter.ts";
import { ask } from "../wire.ts";
import { RABBITMQ_USER } from "./settings.ts";

const PROTOCOL = Buffer.from("AMQP\0\0\x09\x01", "latin1");

export function greetRabbitmq({
  ports,
  secret,
}: Pick<Place, "ports" | "secret">): Promise<Greeting | undefined> {
  let read = 0;
  let version = "unknown";
  return ask({
    port: ports[0],
    hello: PROTOCOL,
    read(received, reply) {
      for (;;) {
        const frame = frameAt(received, read);
        if (frame === undefined) return undefined;
        read = frame.end;
        switch (frame.method) {
          case "start":
            version = versionIn(frame.payload);
            reply(startOk(secret));
            break;
          case "tune":
            reply(Buffer.concat([tuneOk(frame.payload), OPEN]));
            break;
          case "open-ok":
            reply(CLOSE);
            break;
          case "close-ok":
            return { version };
          default:
            throw new Error("it refuses");
        }
      }
    },
  });
}

const METHOD_FRAME = 1;
const FRAME_END = 0xce;
const HEAD_BYTES = 7;
const CONNECTION = 10;
const METHODS = {
  start: 10,
  startOk: 11,
  tune: 30,
  tuneOk: 31,
  open: 40,
  openOk: 41,
  close: 50,
  closeOk: 51,
};

type Said = "start" | "tune" | "open-ok" | "close-ok" | "something else";

interface Frame {
  readonly method: Said;
  /** Behind the ids of class and method. */
  readonly payload: Buffer;
  readonly end: number;
}

/** `undefined`: it has not arrived yet. */
function frameAt(received: Buffer, at: number): Frame | undefined {
  if (received.length < at + HEAD_BYTES) return undefined;
  const end = at + HEAD_BYTES + received.readUInt32BE(at + 3) + 1;
  if (received.length < end) return undefined;
  const body = received.subarray(at + HEAD_BYTES, end - 1);
  const isMethod = received[at] === METHOD_FRAME && received[end - 1] === FRAME_END;
  return { method: isMethod ? saidBy(body) : "something else", payload: body.subarray(4), end };
}

function saidBy(body: Buffer): Said {
  if (body.readUInt16BE(0) !== CONNECTION) return "something else";
  switch (body.readUInt16BE(2)) {
    case METHODS.start:
      return "start";
    case METHODS.tune:
      return "tune";
    case METHODS.openOk:
      return "open-ok";
    case METHODS.closeOk:
      return "close-ok";
    default:
      return "something else";
  }
}

/** The properties of the server are a table of names and typed values: a long string's is `S`, its length, its bytes. */
function versionIn(payload: Buffer): string {
  return /version\x53\0\0\0[^]([\w.+-]+)/.exec(payload.toString("latin1"))?.[1] ?? "unknown";
}

function startOk(secret: string): Buffer {
  const noProperties = longString("");
  return method(METHODS.startOk, [
    noProperties,
    shortString("PLAIN"),
    longString(`\0${RABBITMQ_USER}\0${secret}`),
    shortString("en_US"),
  ]);
}

/** We agree to whatever the server proposes, but for the heartbeat: we are gone before the first one. */
function tuneOk(proposal: Buffer): Buffer {
  const noHeartbeat = Buffer.alloc(2);
  return method(METHODS.tuneOk, [proposal.subarray(0, 6), noHeartbeat]);
}

const OPEN = method(METHODS.open, [shortString("/"), shortString(""), Buffer.of(0)]);
/** Reply code 200, no text, no method that failed. */
const CLOSE = method(METHODS.close, [Buffer.of(0, 200), shortString(""), Buffer.alloc(4)]);

function method(id: number, parts: readonly Buffer[]): Buffer {
  const ids = Buffer.alloc(4);
  ids.writeUInt16BE(CONNECTION, 0);
  ids.writeUInt16BE(id, 2);
  const payload = Buffer.concat([ids, ...parts]);
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = METHOD_FRAME;
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.of(FRAME_END)]);
}

function shortString(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function longString(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
