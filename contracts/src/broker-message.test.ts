import assert from "node:assert/strict";
import { test } from "node:test";
import { BROKER_HEADERS, decodeCommand, decodeReply, encodeCommand, encodeReply } from "./broker-message.ts";
import type { BrokerMessage, EncodeOptions, ReceivedMessage } from "./broker-message.ts";
import type { CommandMessage, ReplyMessage } from "./envelope.ts";

const RUN_ID = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";
const TRACE = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=1" };
const COMMAND: CommandMessage = {
  commandId: `${RUN_ID}:3:0`,
  type: "IssueTicket",
  runId: RUN_ID,
  flow: "purchase",
  flowVersion: 2,
  attempt: 4,
  data: { seat: "ä1", list: [null, 1.5] },
  undoes: `${RUN_ID}:1:0`,
  isQuery: true,
};
const ABOUT = { runId: RUN_ID, commandId: `${RUN_ID}:3:0`, attempt: 4 };
const REPLIES: readonly ReplyMessage[] = [
  { kind: "event", runId: RUN_ID, event: { id: "pay-1", type: "Paid", data: { by: "card" } } },
  { kind: "answer", ...ABOUT, event: { type: "TicketIssued", data: null } },
  {
    kind: "failure",
    ...ABOUT,
    error: { code: "SHOP_FULL", kind: "overloaded", message: "full", retryAfterMs: 1_500 },
  },
];
const ENVELOPES: readonly EncodeOptions[] = [
  { trace: TRACE },
  { envelope: "cloudevents", source: "/shop", nowMs: 0, trace: TRACE },
];

function received({ key, headers, body }: BrokerMessage): ReceivedMessage {
  return { key, headers, body: bytes(body) };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function jsonOf({ body }: BrokerMessage): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>;
}

test("a command comes back from a broker as it went, plain and as a CloudEvent", () => {
  for (const options of ENVELOPES) {
    const message = received(encodeCommand(COMMAND, options));
    const envelope = options.envelope ?? "plain";
    assert.deepEqual(decodeCommand(message), { command: COMMAND, trace: TRACE, envelope });
    // A queue has no keys, and a topic may come without headers but for the content type.
    assert.ok("command" in decodeCommand({ ...message, key: null }));
    const { [BROKER_HEADERS.contentType]: contentType } = message.headers;
    const bare = decodeCommand({ ...message, headers: { "content-type": contentType } });
    assert.deepEqual("command" in bare && bare.command, COMMAND);
  }
});

test("a reply comes back from a broker as it went, plain and as a CloudEvent", () => {
  for (const options of ENVELOPES) {
    for (const reply of REPLIES) {
      const message = received(encodeReply(reply, options));
      assert.deepEqual(decodeReply(message), { reply, trace: TRACE });
      assert.deepEqual(decodeReply({ ...message, key: null }), { reply, trace: TRACE });
    }
  }
});

test("the same command or reply gives the same message, and its headers say what it is", () => {
  assert.deepEqual(encodeCommand(COMMAND), encodeCommand(COMMAND));
  assert.deepEqual(encodeCommand(COMMAND), {
    key: RUN_ID,
    headers: {
      "sluice-run-id": RUN_ID,
      "sluice-command-id": `${RUN_ID}:3:0`,
      "sluice-type": "IssueTicket",
      "sluice-attempt": "4",
      "content-type": "application/json",
    },
    body: JSON.stringify(COMMAND),
  });
  assert.deepEqual(
    REPLIES.map((reply) => encodeReply(reply).headers[BROKER_HEADERS.eventId]),
    ["pay-1", `${RUN_ID}:3:0:TicketIssued`, `${RUN_ID}:3:0:4:failed`],
  );
});

test("a CloudEvent has the attributes that the specification asks for, in lower case", () => {
  const event = jsonOf(encodeCommand(COMMAND, { envelope: "cloudevents", source: "/shop", nowMs: 0 }));
  assert.deepEqual(event, {
    specversion: "1.0",
    id: `${RUN_ID}:3:0#4`,
    source: "/shop",
    type: "IssueTicket",
    subject: RUN_ID,
    partitionkey: RUN_ID,
    time: "1970-01-01T00:00:00.000Z",
    datacontenttype: "application/json",
    sluicecommandid: `${RUN_ID}:3:0`,
    sluiceattempt: 4,
    sluiceflow: "purchase",
    sluiceflowversion: 2,
    sluiceundoes: `${RUN_ID}:1:0`,
    sluicequery: true,
    data: COMMAND.data,
  });
  for (const reply of REPLIES)
    for (const name of Object.keys(jsonOf(encodeReply(reply, { envelope: "cloudevents" }))))
      assert.match(name, /^[a-z0-9]{1,20}$/);
});

test("a CloudEvent of somebody else is an event whose id is unique with its source", () => {
  const event = { specversion: "1.0", id: "7", source: "/bank", type: "Paid", subject: RUN_ID };
  const message: ReceivedMessage = {
    key: null,
    headers: { "content-type": "application/cloudevents+json; charset=utf-8" },
    body: bytes(JSON.stringify(event)),
  };
  assert.deepEqual(decodeReply(message), {
    reply: { kind: "event", runId: RUN_ID, event: { id: "/bank#7", type: "Paid", data: null } },
    trace: undefined,
  });
});

const PLAIN = received(encodeReply(REPLIES[1] as ReplyMessage));
const CLOUD = {
  specversion: "1.0",
  id: "7",
  source: "/bank",
  type: "Paid",
  subject: RUN_ID,
  data: {},
};

function plain(headers: Record<string, string | undefined>, body: unknown = { type: "Paid", data: {} }) {
  return { ...PLAIN, headers: { ...PLAIN.headers, ...headers }, body: bytes(JSON.stringify(body)) };
}

function cloud(changes: object): ReceivedMessage {
  const headers = { "content-type": "application/cloudevents+json" };
  return { key: null, headers, body: bytes(JSON.stringify({ ...CLOUD, ...changes })) };
}

const failed = (changes: object) =>
  plain({}, { failed: { code: "X", kind: "timeout", message: "", ...changes } });

test("a message that cannot be read is answered with its fault and what was expected", () => {
  const faults: readonly (readonly [fault: string, message: ReceivedMessage, says: RegExp])[] = [
    ["not-json", { ...PLAIN, body: bytes("{") }, /no JSON text/],
    ["not-json", { ...PLAIN, body: new Uint8Array([0x22, 0xff, 0x22]) }, /UTF-8/],
    ["bad-shape", plain({}, [1]), /no JSON object/],
    ["bad-shape", plain({}, { type: "", data: {} }), /no event/],
    ["bad-shape", plain({}, { type: "Paid" }), /no event/],
    ["bad-shape", plain({ "sluice-attempt": "first" }), /attempt/],
    ["bad-shape", plain({ "sluice-attempt": "0" }), /attempt/],
    ["bad-shape", plain({ "sluice-attempt": " " }), /attempt/],
    ["bad-shape", plain({ "sluice-command-id": "other:1:0" }), /expected one of run/],
    ["bad-shape", plain({ "sluice-run-id": "another" }), /expected the same/],
    ["bad-shape", plain({ "sluice-event-id": "x".repeat(513) }), /at most 512 characters/],
    ["bad-shape", plain({}, { type: "Pa\u0000id", data: {} }), /no control characters/],
    ["bad-shape", plain({}, { type: "Pa\ud800id", data: {} }), /no halves of characters/],
    ["bad-shape", failed({ kind: "later" }), /one of our kinds/],
    ["bad-shape", failed({ code: 1 }), /code, kind, message/],
    ["bad-shape", failed({ message: null }), /code, kind, message/],
    ["bad-shape", plain({}, { failed: true }), /the failure is none/],
    ["bad-shape", plain({ "sluice-command-id": undefined }, { failed: {} }), /names no command/],
    ["bad-shape", plain({ "sluice-command-id": undefined }, { type: 1, data: {} }), /no event/],
    ["no-id", plain({ "sluice-command-id": undefined, "sluice-event-id": undefined }), /needs an id/],
    ["no-key", { ...plain({ "sluice-run-id": undefined }), key: null }, /names a run/],
    ["no-key", { ...plain({ "sluice-run-id": undefined }), key: "" }, /names a run/],
    ["too-large", { ...PLAIN, body: bytes(`"${"x".repeat(1_114_112)}"`) }, /expected at most 1114112/],
    ["unknown-content-type", plain({ "content-type": "text/plain" }), /"text\/plain", expected application/],
    ["bad-shape", cloud({ specversion: "0.3" }), /specversion/],
    ["bad-shape", cloud({ id: "" }), /no id/],
    ["bad-shape", cloud({ source: 7 }), /no source/],
    ["bad-shape", cloud({ datacontenttype: "text/xml" }), /no JSON/],
    ["bad-shape", cloud({ data_base64: "AA==" }), /no JSON/],
    ["no-key", cloud({ subject: undefined }), /names a run/],
  ];
  for (const [fault, message, says] of faults) {
    const decoded = decodeReply(message);
    assert.ok("fault" in decoded, `${fault} ${String(says)}`);
    assert.equal(decoded.fault, fault, decoded.message);
    assert.match(decoded.message, says);
  }
});

test("a message that is no command is answered with its fault", () => {
  const good = received(encodeCommand(COMMAND));
  const faults: readonly (readonly [fault: string, message: ReceivedMessage])[] = [
    ["not-json", { ...good, body: bytes("?") }],
    ["bad-shape", { ...good, body: bytes("{}") }],
    ["bad-shape", { ...good, key: "another" }],
    ["bad-shape", { ...good, headers: { ...good.headers, "sluice-run-id": "another" } }],
    ["bad-shape", { ...good, headers: { ...good.headers, "sluice-command-id": "another" } }],
    ["bad-shape", cloud({ sluicecommandid: "x" })],
    ["bad-shape", cloud({ specversion: 1 })],
    ["unknown-content-type", { ...good, headers: { "content-type": "" } }],
  ];
  for (const [fault, message] of faults) {
    const decoded = decodeCommand(message);
    assert.equal("fault" in decoded && decoded.fault, fault);
  }
  const tight = decodeCommand(good, { bodyBytesMax: 10 });
  assert.equal("fault" in tight && tight.fault, "too-large");
});

test("a failure that came is cut to what a history bears, and puts the next attempt off by a day at the most", () => {
  const message = failed({ message: "x".repeat(5_000), retryAfterMs: 1e12, extra: true });
  assert.deepEqual(decodeReply(message), {
    reply: {
      kind: "failure",
      ...ABOUT,
      error: { code: "X", kind: "timeout", message: "x".repeat(1_000), retryAfterMs: 86_400_000 },
    },
    trace: undefined,
  });
});

test("an answer of whoever does not count attempts is one of the first", () => {
  const decoded = decodeReply(plain({ "sluice-attempt": undefined }));
  assert.deepEqual("reply" in decoded && decoded.reply, {
    kind: "answer",
    ...ABOUT,
    attempt: 1,
    event: { type: "Paid", data: {} },
  });
});
