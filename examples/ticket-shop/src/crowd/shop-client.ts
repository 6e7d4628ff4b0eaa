import { Agent } from "undici";
import type {
  AuditReport,
  Cancellation,
  Concert,
  Order,
  Payment,
  PlacedOrder,
  Reports,
} from "../messages.ts";

/** How long a call may take. A purchase waits for nothing longer. */
const ANSWER_MS = 30_000;

/** An answer of the shop, or the cause why there is none: a code of its problem body, or of the network. */
export type Reply<Body> =
  | { readonly body: Body; readonly cause?: never }
  | { readonly cause: string; readonly isTransient: boolean; readonly body?: never };

/** What a buyer calls, and who sells. Nothing here throws: a failed call is an answer too. */
export class ShopClient {
  readonly #origin: string;
  readonly #agent: Agent;

  /** Keeps at most this many connections open. */
  constructor(url: string, connectionsMax: number) {
    this.#origin = new URL(url).origin;
    this.#agent = new Agent({
      connections: connectionsMax,
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    });
  }

  getConcert(concertId: string): Promise<Reply<Concert>> {
    return this.#call("GET", `/shop/concerts/${encodeURIComponent(concertId)}`);
  }

  placeOrder(concertId: string, idempotencyKey: string): Promise<Reply<PlacedOrder>> {
    return this.#call("POST", "/shop/orders", { concertId }, { "idempotency-key": idempotencyKey });
  }

  upgrade(orderId: string): Promise<Reply<Order>> {
    return this.#call("POST", `/shop/orders/${orderId}/upgrade`, {});
  }

  pay(orderId: string): Promise<Reply<Payment>> {
    return this.#call("POST", `/shop/orders/${orderId}/payment`, {});
  }

  getOrder(orderId: string): Promise<Reply<Order>> {
    return this.#call("GET", `/shop/orders/${orderId}`);
  }

  cancelConcert(concertId: string): Promise<Reply<Cancellation>> {
    return this.#call("POST", `/shop/concerts/${encodeURIComponent(concertId)}/cancellation`, {});
  }

  getReports(): Promise<Reply<Reports>> {
    return this.#call("GET", "/shop/reports");
  }

  audit(): Promise<Reply<AuditReport>> {
    return this.#call("GET", "/shop/audit");
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #call<Body>(
    method: "GET" | "POST",
    path: string,
    message?: object,
    headers = {},
  ): Promise<Reply<Body>> {
    try {
      const { statusCode, body } = await this.#agent.request({
        origin: this.#origin,
        path,
        method,
        headers: message === undefined ? headers : { ...headers, "content-type": "application/json" },
        body: message === undefined ? null : JSON.stringify(message),
      });
      const answer: unknown = await body.json();
      if (statusCode < 300) return { body: answer as Body };
      return {
        cause: codeOf(answer, `HTTP ${statusCode}`),
        isTransient: statusCode === 429 || statusCode >= 500,
      };
    } catch (error) {
      return { cause: codeOf(error, "no answer"), isTransient: true };
    }
  }
}

function codeOf(thing: unknown, otherwise: string): string {
  return typeof thing === "object" && thing !== null && "code" in thing ? String(thing.code) : otherwise;
}
