import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import {
  AuthenticationError,
  MultipleErrors,
  NetworkError,
  ProtocolError,
  UserError,
} from "@platformatic/kafka";
import { hasCode } from "@sluice/contracts/problem";
import { brokerError, faultOf } from "./kafka-fault.ts";

const refusedConnection = Object.assign(new Error("connect ECONNREFUSED 10.0.0.1:9092"), {
  code: "ECONNREFUSED",
});

test("a fault of Kafka is found however deep the client has wrapped it", () => {
  for (const [error, type, found] of [
    [new NetworkError("Connection to b:1 failed.", { cause: refusedConnection }), "away", /^ECONNREFUSED$/],
    [new MultipleErrors("x failed 3 times.", [new NetworkError("Connection closed")]), "away", /closed/],
    [new AuthenticationError("SASL authentication failed."), "refused", /credentials/],
    [
      new NetworkError("Connection failed.", {
        cause: new AuthenticationError("SASL authentication failed."),
      }),
      "refused",
      /credentials/,
    ],
    [new ProtocolError("TOPIC_AUTHORIZATION_FAILED"), "refused", /TOPIC_AUTHORIZATION_FAILED/],
    [new UserError("Broker requires TLS."), "refused", /TLS/],
    [new MultipleErrors("m", [new ProtocolError("MESSAGE_TOO_LARGE")]), "too-large", /max\.message\.bytes/],
    [new ProtocolError("UNKNOWN_TOPIC_OR_PARTITION"), "missing", /no such topic/],
    [new UserError("Unknown topic orders."), "missing", /no such topic/],
    [new ProtocolError("INVALID_REPLICATION_FACTOR"), "unfit", /INVALID_REPLICATION_FACTOR/],
    ["no error at all", "away", /no answer/],
  ] as const) {
    const fault = faultOf(error);
    assert.equal(fault.type, type);
    assert.match(fault.found, found);
  }
});

test("an error of Kafka repeats nothing of what the client says but names", () => {
  const secret = "hunter2-hunter2";
  const error = new NetworkError(`no login for admin:${secret}`, {
    cause: new AuthenticationError(`SASL authentication failed for ${secret}`, {
      sasl: { password: secret },
    }),
  });
  const told = brokerError("a first request", ["b:1"], error);
  assert.ok(hasCode(told, "FLOW_BROKER_REFUSED"));
  assert.ok(!inspect(told, { depth: 10, showHidden: true }).includes(secret));
});

test("an error of Kafka says who was asked, what for, and which option to look at", () => {
  const away = brokerError(
    "a first request",
    ["10.0.0.1:9092"],
    new NetworkError("x", { cause: refusedConnection }),
  );
  assert.ok(hasCode(away, "FLOW_BROKER_UNAVAILABLE"));
  assert.match(away.message, /10\.0\.0\.1:9092 .*a first request.*ECONNREFUSED.*options brokers/);
});
