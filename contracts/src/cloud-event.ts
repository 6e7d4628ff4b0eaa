/**
 * Commands and replies as CloudEvents 1.0 in structured mode: the body says everything. What CloudEvents have no attribute for stands in
 * extension attributes, whose names may have lower case letters and digits only.
 *
 * | attribute | is |
 * | --- | --- |
 * | `id` | of a command `<commandId>#<attempt>`; of a reply its event id |
 * | `type` | of the command or event; `sluice.attempt-failed` of a failure |
 * | `subject`, `partitionkey` | the run |
 * | `sluicecommandid`, `sluiceattempt` | the command, or the one that is answered |
 * | `sluiceflow`, `sluiceflowversion`, `sluiceundoes`, `sluicequery` | of a command |
 * | `sluiceeventid` | of a reply of ours; otherwise the event id is `<source>#<id>`, which is unique |
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
import { ATTEMPT_FAILED, PLAIN_CONTENT_TYPE } from "./broker-format.ts";
import type { EncodeOptions, ToldReply } from "./broker-format.ts";
import type { CommandMessage, Json, JsonObject, ReplyMessage } from "./envelope.ts";

const SPEC_VERSION = "1.0";
const SOURCE_DEFAULT = "/sluice";

export function writeCloudCommand(command: CommandMessage, options: EncodeOptions): JsonObject {
  const { commandId, type, runId, flow, flowVersion, attempt, data, undoes, isQuery } = command;
  return {
    ...attributes(`${commandId}#${attempt}`, type, runId, options),
    sluicecommandid: commandId,
    sluiceattempt: attempt,
    sluiceflow: flow,
    sluiceflowversion: flowVersion,
    ...(undoes === undefined ? {} : { sluiceundoes: undoes }),
    ...(isQuery === undefined ? {} : { sluicequery: isQuery }),
    data,
  };
}

export function writeCloudReply(reply: ReplyMessage, id: string, options: EncodeOptions): JsonObject {
  const type = reply.kind === "failure" ? ATTEMPT_FAILED : reply.event.type;
  return {
    ...attributes(id, type, reply.runId, options),
    sluiceeventid: id,
    ...(reply.kind === "event" ? {} : { sluicecommandid: reply.commandId, sluiceattempt: reply.attempt }),
    data: reply.kind === "failure" ? { ...reply.error } : reply.event.data,
  };
}

function attributes(id: string, type: string, runId: string, options: EncodeOptions): JsonObject {
  const { source = SOURCE_DEFAULT, nowMs, trace } = options;
  return {
    specversion: SPEC_VERSION,
    id,
    source,
    type,
    subject: runId,
    partitionkey: runId,
    ...(nowMs === undefined ? {} : { time: new Date(nowMs).toISOString() }),
    datacontenttype: PLAIN_CONTENT_TYPE,
    ...(trace === undefined ? {} : { traceparent: trace.traceparent }),
    ...(trace?.tracestate === undefined ? {} : { tracestate: trace.tracestate }),
  };
}

/** The command within a CloudEvent, its fields not checked yet; or, as a text, why it is no CloudEvent. */
export function readCloudCommand(event: JsonObject): JsonObject | string {
  const fault = findFault(event);
  if (fault !== null) return fault;
  const fields: Readonly<Record<string, Json | undefined>> = {
    commandId: event["sluicecommandid"],
    type: event["type"],
    runId: event["subject"],
    flow: event["sluiceflow"],
    flowVersion: event["sluiceflowversion"],
    attempt: event["sluiceattempt"],
    data: event["data"],
    undoes: event["sluiceundoes"],
    isQuery: event["sluicequery"],
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as JsonObject;
}

/** What a CloudEvent tells a run; or, as a text, why it is no CloudEvent. */
export function readCloudReply(event: JsonObject): ToldReply | string {
  const fault = findFault(event);
  if (fault !== null) return fault;
  // An event without data says that something happened and no more.
  const { type, data = null, source, id } = event as Attributes;
  const hasFailed = type === ATTEMPT_FAILED;
  return {
    runId: textOf(event["subject"]) ?? textOf(event["partitionkey"]),
    eventId: textOf(event["sluiceeventid"]) ?? `${source}#${id}`,
    commandId: textOf(event["sluicecommandid"]),
    attempt: event["sluiceattempt"],
    type: hasFailed ? undefined : type,
    data: hasFailed ? undefined : data,
    failed: hasFailed ? data : undefined,
  };
}

/** What a CloudEvent has once nothing is found to be wrong with it. */
type Attributes = JsonObject & Readonly<Record<"id" | "source" | "type", string>>;

function findFault(event: JsonObject): string | null {
  if (event["specversion"] !== SPEC_VERSION)
    return `specversion is no "${SPEC_VERSION}", expected a CloudEvent of that version`;
  for (const name of ["id", "source", "type"])
    if (textOf(event[name]) === undefined) return `the CloudEvent has no ${name}`;
  const contentType = event["datacontenttype"] ?? PLAIN_CONTENT_TYPE;
  if (contentType !== PLAIN_CONTENT_TYPE || event["data_base64"] !== undefined)
    return `the data of the CloudEvent is no JSON, expected datacontenttype ${PLAIN_CONTENT_TYPE}`;
  return null;
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
