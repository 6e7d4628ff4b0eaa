import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { ASKED_CHARS_MAX } from "../../../client/operator.ts";
import type { Asked } from "../../../client/operator.ts";
import type { Caller } from "../access/access.ts";
import { Text } from "./schemas.ts";

const Words = (description: string, example: string) =>
  Type.Optional(
    Type.String({ description, maxLength: ASKED_CHARS_MAX, pattern: "^[^\\u0000]*$", examples: [example] }),
  );

/** Who asks for an operation, and why: part of its body. */
export const ASKED_FIELDS = {
  by: Words("Who asks, for the record. A key's name is recorded in any case.", "anna"),
  reason: Words("Why, for the record.", "the concert was called off"),
};

export const OperateHeaders = Type.Object({
  "idempotency-key": Type.Optional(
    Text(
      "A repeat of the same request with the same key does nothing and answers the same; any other request with it is refused (422). " +
        "A key counts for one run, or for requests that are about no single one.",
      "cancel-4711",
    ),
  ),
});

interface Request {
  readonly caller: Caller | null;
  readonly headers: { readonly "idempotency-key"?: string };
}

interface GivenAsked {
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** Who asks: the key, and for whom it asks if it says so. Without a key it is the machine's own, under the name it gives. */
export function askedOf({ caller, headers }: Request, { by, reason }: GivenAsked): Asked {
  const idempotencyKey = headers["idempotency-key"];
  return {
    by: caller === null ? (by ?? "local") : nameOf(caller.name, by),
    reason: reason ?? null,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}

/** What somebody says of themselves gives way where both are too long: whose key it was is certain. */
function nameOf(key: string, by: string | undefined): string {
  if (by === undefined) return key;
  const certain = ` (${key})`;
  return `${by.slice(0, ASKED_CHARS_MAX - certain.length)}${certain}`;
}

/** `curl -X POST …/retry` says everything there is to say. A body that is `null` says something else. */
export function takeAbsentBody(request: FastifyRequest, _reply: unknown, done: () => void): void {
  if (request.body === undefined) request.body = {};
  done();
}
