/** Carries out the benchmark's commands over HTTP. Prints its URL, serves until its standard input ends. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { CommandMessage } from "@sluice/contracts/envelope";
import { answerTo } from "./answer.ts";

/** An inbox in memory: a repeat of a command is answered as the first time. */
const answers = new Map<string, string>();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const command = JSON.parse(Buffer.concat(chunks).toString()) as CommandMessage;
    const answer = answers.get(command.commandId) ?? JSON.stringify(answerTo(command));
    answers.set(command.commandId, answer);
    response.writeHead(200, { "content-type": "application/json" }).end(answer);
  });
});

// Ctrl-C reaches every process of the terminal; ours ends when the benchmark lets go of it.
process.on("SIGINT", () => {});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
process.stdout.write(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}\n`);
process.stdin.resume();
await once(process.stdin, "end");
server.closeAllConnections();
server.close();
