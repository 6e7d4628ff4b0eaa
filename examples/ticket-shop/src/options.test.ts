import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolvePaymentsOptions, resolveServiceOptions, resolveTicketShopOptions } from "./options.ts";

const PROVIDER = {
  SLUICE_TICKET_SHOP_PROVIDER_URL: "http://127.0.0.1:7090",
  SLUICE_TICKET_SHOP_PROVIDER_SECRET: "a secret",
};
const KAFKA = { SHOP_TRANSPORT: "kafka", SHOP_BROKERS: "127.0.0.1:9092, 127.0.0.1:9093" };
const RABBITMQ = { SHOP_TRANSPORT: "rabbitmq", SHOP_RABBITMQ_URL: "amqp://sluice:word@127.0.0.1:5672" };

describe("options of the shop", () => {
  it("leave everything to the engine unless a broker is wished for", () => {
    const { broker, running } = resolveTicketShopOptions({}, {}, "/data");
    assert.deepEqual([broker, running], [undefined, undefined]);
  });

  it("name one broker to the engine and to the services", () => {
    const kafka = { kind: "kafka", brokers: ["127.0.0.1:9092", "127.0.0.1:9093"] };
    const rabbitmq = { kind: "rabbitmq", url: RABBITMQ.SHOP_RABBITMQ_URL };
    for (const [env, broker] of [
      [KAFKA, kafka],
      [RABBITMQ, rabbitmq],
    ] as const) {
      assert.deepEqual(resolveTicketShopOptions({}, { ...env, ...PROVIDER }, "/data").broker, broker);
      assert.deepEqual(resolveServiceOptions(env).broker, broker);
      assert.equal(
        resolvePaymentsOptions({ ...env, ...PROVIDER }).providerUrl,
        PROVIDER.SLUICE_TICKET_SHOP_PROVIDER_URL,
      );
    }
  });

  it("refuse a broker without an address or a provider, and a service without a broker", () => {
    const refusals: [() => unknown, RegExp][] = [
      [() => resolveTicketShopOptions({}, KAFKA, "/data"), /providerUrl is not set/],
      [() => resolveServiceOptions({ SHOP_TRANSPORT: "kafka" }), /brokers is not set.*SHOP_BROKERS/],
      [
        () => resolveServiceOptions({ SHOP_TRANSPORT: "rabbitmq" }),
        /rabbitmqUrl is not set.*SHOP_RABBITMQ_URL/,
      ],
      [() => resolveServiceOptions({}), /transport is not set.*SHOP_TRANSPORT/],
      [() => resolveServiceOptions({ SHOP_TRANSPORT: "local" }), /transport is "local".*expected.*kafka/],
    ];
    for (const [resolve, message] of refusals) assert.throws(resolve, { code: "HOST_BAD_OPTION", message });
  });
});
