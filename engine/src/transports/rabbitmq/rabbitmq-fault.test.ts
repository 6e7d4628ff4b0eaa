import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveAddress } from "./address.ts";
import { brokerError, faultOf } from "./rabbitmq-fault.ts";

const ADDRESS = resolveAddress("amqp://sluice:s3cret@rabbit:5672/shop", undefined);

function clientError(message: string, code?: unknown): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

test("each error of RabbitMQ's client has the fault of its row", () => {
  const said = `PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'q'`;
  const rows: readonly (readonly [Error, string, RegExp])[] = [
    [clientError("connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED"), "away", /^ECONNREFUSED$/],
    [clientError("getaddrinfo ENOTFOUND rabbit", "ENOTFOUND"), "away", /^ENOTFOUND$/],
    [clientError("Heartbeat timeout"), "away", /^Heartbeat timeout$/],
    [clientError(`Connection closed: 320 (CONNECTION-FORCED) with message "bye"`, 320), "away", /^bye$/],
    [clientError("Frame size 1345270062 exceeds maxFrameSize 67108864"), "away", /no RabbitMQ/],
    [
      clientError(`Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED"`),
      "refused",
      /password of user sluice/,
    ],
    [
      clientError("Expected ConnectionOpenOk; got <ConnectionClose channel:0>"),
      "refused",
      /user sluice into virtual host shop/,
    ],
    [clientError("wrong version number", "ERR_SSL_WRONG_VERSION_NUMBER"), "refused", /^TLS: ERR_SSL/],
    [clientError("self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"), "refused", /^TLS: DEPTH/],
    [clientError(`x with message "ACCESS_REFUSED - no"`, 403), "refused", /^ACCESS_REFUSED - no$/],
    [clientError(`x with message "NOT_FOUND - no queue 'q'"`, 404), "mismatch", /^NOT_FOUND - no queue 'q'$/],
    [clientError(`x with message "${said}"`, 406), "mismatch", /^PRECONDITION_FAILED/],
  ];
  for (const [error, type, found] of rows) {
    const fault = faultOf(error, ADDRESS);
    assert.equal(fault.type, type, error.message);
    assert.match(fault.found, found);
  }
});

test("an error about RabbitMQ names the broker and what to do, and never the password", () => {
  for (const [code, expected] of [
    ["ECONNREFUSED", "FLOW_BROKER_UNAVAILABLE"],
    [403, "FLOW_BROKER_REFUSED"],
    [406, "FLOW_BROKER_MISMATCH"],
  ] as const) {
    const error = brokerError("connection", ADDRESS, clientError("no", code)) as Error & { code: string };
    assert.equal(error.code, expected);
    assert.match(error.message, /^RabbitMQ at amqp:\/\/rabbit:5672 /);
    assert.doesNotMatch(JSON.stringify(error) + error.message, /s3cret/);
  }
});
