import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Type } from "typebox";
import { compileSchema, FAULTS_MAX, tryCompileSchema } from "./compile-schema.ts";

describe("compileSchema", () => {
  it("answers null for a value that fits", () => {
    const validate = compileSchema(
      Type.Object({ orderId: Type.String(), units: Type.Optional(Type.Integer()) }),
    );
    assert.equal(validate({ orderId: "o-1" }), null);
    assert.equal(validate({ orderId: "o-1", units: 2 }), null);
  });

  it("names every fault by its place", () => {
    const validate = compileSchema(
      Type.Object(
        {
          orderId: Type.String(),
          units: Type.Integer(),
          kind: Type.Enum(["a", "b"]),
          fixed: Type.Literal(1),
        },
        { additionalProperties: false },
      ),
    );
    assert.deepEqual(validate({ units: 1.5, kind: "c", fixed: 2, "a/b": 1 }), [
      { path: "/orderId", message: "is missing" },
      { path: "/a~1b", message: "is not a known field" },
      { path: "/units", message: "must be integer" },
      { path: "/kind", message: 'must be one of "a", "b"' },
      { path: "/fixed", message: "must be 1" },
    ]);
  });

  it("names a key that may not be by its own path", () => {
    const validate = compileSchema({ type: "object", propertyNames: { pattern: "^[a-z]+$" } });
    assert.deepEqual(
      validate({ "A~": 1 })?.map(({ path }) => path),
      ["/A~0", "/A~0"],
    );
    const closed = compileSchema({ type: "object", properties: { a: true }, unevaluatedProperties: false });
    assert.deepEqual(closed({ b: 1 }), [{ path: "/b", message: "is not a known field" }]);
  });

  it("tells one fault for a branch that was not taken rightly", () => {
    const validate = compileSchema({
      if: { type: "string" },
      then: { minLength: 1 },
      else: { type: "object" },
    });
    assert.deepEqual(validate(1), [{ path: "", message: "must be object" }]);
  });

  it("changes nothing and coerces nothing", () => {
    const validate = compileSchema({
      type: "object",
      properties: { units: { type: "integer", default: 1 } },
    });
    const value = Object.freeze({ units: "2" });
    assert.deepEqual(validate(value), [{ path: "/units", message: "must be integer" }]);
    const empty = {};
    validate(empty);
    assert.deepEqual(empty, {});
  });

  it("knows formats", () => {
    const validate = compileSchema(Type.String({ format: "date-time" }));
    assert.equal(validate("2026-01-31T12:00:00Z"), null);
    assert.deepEqual(validate("soon"), [{ path: "", message: 'must match format "date-time"' }]);
  });

  it("takes what TypeBox writes: tuples, references to themselves, patterns, unions, records", () => {
    const tree = Type.Cyclic({ Node: Type.Object({ next: Type.Optional(Type.Ref("Node")) }) }, "Node");
    const validate = compileSchema(
      Type.Object({
        point: Type.Tuple([Type.Number(), Type.String()]),
        code: Type.String({ pattern: /^[A-Z]{3}$/ }),
        either: Type.Union([Type.Literal("a"), Type.Null()]),
        counts: Type.Record(Type.String(), Type.Integer({ minimum: 1n })),
        both: Type.Intersect([Type.Object({ x: Type.String() }), Type.Object({ y: Type.String() })]),
        tree,
      }),
    );
    const sound = {
      point: [1, "n"],
      code: "EUR",
      either: null,
      counts: { a: 1 },
      both: { x: "", y: "" },
      tree: { next: {} },
    };
    assert.equal(validate(sound), null);
    for (const [field, value] of Object.entries({
      point: ["n", 1],
      code: "eur",
      either: "b",
      counts: { a: 0 },
      both: { x: "" },
      tree: { next: { next: 1 } },
    })) {
      const faults = validate({ ...sound, [field]: value });
      assert.ok(
        faults?.every(({ path }) => path.startsWith(`/${field}`)),
        field,
      );
    }
    assert.notEqual(validate({ ...sound, point: [1, "n", 2] }), null);
  });

  it("keeps names of one schema out of another", () => {
    const text = compileSchema({ $id: "thing", type: "string" });
    const number = compileSchema({ $id: "thing", type: "number" });
    assert.deepEqual([text("a"), number(1)], [null, null]);
    assert.deepEqual([text(1)?.length, number("a")?.length], [1, 1]);
  });

  it("gives the same check for the same schema object", () => {
    const schema = Type.Object({});
    assert.equal(compileSchema(schema), compileSchema(schema));
  });

  it("reports a bounded number of faults", () => {
    const validate = compileSchema(Type.Array(Type.String()));
    assert.equal(validate(Array.from({ length: 500 }, () => 1))?.length, FAULTS_MAX);
  });

  it("looks for one fault alone in a value that has room for countless ones", () => {
    const validate = compileSchema(Type.Array(Type.String()));
    const many: unknown[] = Array.from({ length: 2_000 }, () => "x");
    assert.equal(validate(many), null);
    many[1_500] = 1;
    many[1_600] = 1;
    assert.deepEqual(validate(many), [{ path: "/1500", message: "must be string" }]);
  });

  it("refuses a schema that is none, and says where", () => {
    assert.throws(() => compileSchema({ type: "object", properties: { a: { type: "strng" } } }), {
      code: "FLOW_BAD_DEFINITION",
      kind: "invalid",
      message: /^a schema is no JSON Schema \(2020-12\): \/properties\/a\/type must be one of "array"/,
    });
  });

  it("tells every misspelled keyword and unknown format, each at its place, with the nearest that there is", () => {
    const faults = tryCompileSchema({
      type: "object",
      properties: {
        at: { type: "string", format: "datetime" },
        name: { tpye: "string", minimun: 3 },
        list: { type: "array", items: { anyOf: [{ type: "strng" }, { maxlength: 2 }] } },
        data: { enum: [{ tpye: "is data here" }], const: { format: "also" } },
      },
      $defs: { code: { xyz: 1 } },
    });
    assert.ok(typeof faults !== "function");
    const told = faults.map(({ path, message, hint }) => [path, message, hint ?? null]);
    assert.deepEqual(
      told.filter(([, message]) => !String(message).startsWith("must ")),
      [
        ["/properties/at/format", 'is "datetime", a format that nobody knows', 'did you mean "date-time"?'],
        ["/properties/name/tpye", "is no keyword of JSON Schema", 'did you mean "type"?'],
        ["/properties/name/minimun", "is no keyword of JSON Schema", 'did you mean "minimum"?'],
        [
          "/properties/list/items/anyOf/1/maxlength",
          "is no keyword of JSON Schema",
          'did you mean "maxLength"?',
        ],
        ["/$defs/code/xyz", "is no keyword of JSON Schema", null],
      ],
    );
    assert.ok(told.some(([path]) => path === "/properties/list/items/anyOf/0/type"));
  });

  it("tells every other fault of a schema at its place", () => {
    const faults = tryCompileSchema({
      properties: {
        code: { pattern: "(" },
        units: { minContains: 2 },
        ref: { $ref: "#/$defs/nowhere" },
        sound: { $ref: "#/$defs/sound" },
        self: { $ref: "#/properties/self" },
        other: { $ref: "http://example.com/order.json" },
        schema: { $ref: "https://json-schema.org/draft/2020-12/schema" },
      },
      $defs: { sound: { then: {} } },
    });
    assert.ok(typeof faults !== "function");
    assert.deepEqual(
      faults.map(({ path }) => path),
      [
        "/properties/code",
        "/properties/units",
        "/$defs/sound",
        "/properties/ref/$ref",
        "/properties/self/$ref",
        "/properties/other/$ref",
      ],
    );
    assert.match(faults[0]?.message ?? "", /Invalid regular expression/);
    assert.match(faults[1]?.message ?? "", /^"minContains" without "contains" is ignored$/);
    assert.equal(faults[3]?.message, "leads nowhere: there is no /$defs/nowhere");
    assert.equal(faults[4]?.message, "leads round in a circle, and to no schema");
    assert.match(
      faults[5]?.message ?? "",
      /^leads to "http:\/\/example\.com\/order\.json", and another document/,
    );
  });

  it("tells lost references beside misspelled words and wrong values, all at once", () => {
    const faults = tryCompileSchema({
      properties: {
        a: { $ref: "#/$defs/one" },
        b: { $ref: "#/$defs/two" },
        c: { type: "strnig" },
        d: { minimun: 1 },
      },
    });
    assert.ok(typeof faults !== "function");
    assert.deepEqual(
      new Set(faults.map(({ path }) => path)),
      new Set(["/properties/a/$ref", "/properties/b/$ref", "/properties/c/type", "/properties/d/minimun"]),
    );
  });

  it("refuses a misspelled keyword, an unknown format, a reference to nowhere and a schema without end", () => {
    const endless: { properties?: object } = {};
    endless.properties = { inner: endless };
    for (const [schema, message] of [
      [{ type: "object", requried: ["a"] }, /is no keyword/],
      [{ type: "string", format: "uiid" }, /is "uiid", a format that nobody knows/],
      [{ $ref: "#/$defs/none" }, /leads nowhere/],
      [{ $ref: "other.json" }, /leads to "other\.json", and another document is not followed/],
      [{ $schema: "http://json-schema.org/draft-07/schema#" }, /draft-07/],
      [endless, /contains itself/],
    ] as const) {
      const faults = tryCompileSchema(schema);
      assert.ok(typeof faults !== "function");
      assert.match(faults[0]?.message ?? "", message);
    }
  });
});
