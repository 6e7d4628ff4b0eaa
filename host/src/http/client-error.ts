/** Bytes that are no HTTP request never reach a route: Node hands over the bare socket, and the answer is written by hand. */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { hostError } from "../errors.ts";
import { toProblem } from "./status.ts";

export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  // Nobody is left to read an answer, or one has begun already.
  if (error.code === "ECONNRESET" || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = toProblem(toRequestError(error.code));
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(text)}`,
    "connection: close",
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${text}`);
}

function toRequestError(code: string | undefined): Error {
  switch (code ?? "") {
    case "HPE_HEADER_OVERFLOW":
      return hostError(
        "HOST_HEADERS_TOO_LARGE",
        "the headers are larger than 16 KiB, expected at most that; send less",
      );
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return hostError("HOST_REQUEST_TIMEOUT", "the request did not arrive in time; send it again, faster");
    default:
      return hostError("HOST_BAD_REQUEST", "these bytes are no HTTP request, expected HTTP/1.1");
  }
}
