/** Carries out the benchmark's commands over HTTP. Prints its URL, serves until its standard input ends. */
import { createServer } from "node:http";
import { once } from "node:events";
import type { CommandMessage, Json } from "@sluice/contracts/envelope";

const answers = new Map<string, string>();
let seat = 0;

function carryOut(command: CommandMessage): { type: string; data: Json } {
  return command.type === "IssueTicket"
    ? { type: "TicketIssued", data: { seat: ++seat } }
    : { type: "OrderClosed", data: {} };
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const command = JSON.parse(Buffer.concat(chunks).toString()) as CommandMessage;
    // A repeat of a command answers as the first time.
    const answer = answers.get(command.commandId) ?? JSON.stringify(carryOut(command));
    answers.set(command.commandId, answer);
    response.writeHead(200, { "content-type": "application/json" }).end(answer);
  });
});

server.listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
process.stdout.write(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}\n`);
process.stdin.resume();
await once(process.stdin, "end");
server.closeAllConnections();
server.close();
