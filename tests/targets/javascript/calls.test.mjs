// A call: its values, its key, and what becomes of what breaks the plan. Run by calls_test.py.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ORDER, UUID, reasons, recorder, seen, web } from "./calls.mjs";

describe("a call", () => {
  test("sends the plan's keys, an insert_id and where it came from", () => {
    const receipt = web.pageViewed({ page_path: "/", page_type: "home" });
    assert.equal(receipt.accepted, true);
    assert.equal(receipt.flagged, false);
    assert.match(receipt.insertId, UUID);
    assert.deepEqual(seen.captured.events, [
      {
        event_type: "page_viewed",
        event_properties: { page_path: "/", page_type: "home" },
        insert_id: receipt.insertId,
        ingestion_metadata: { source_name: "plan-of-tests/web", source_version: "2.3.4" },
      },
    ]);
  });

  test("never passes undefined on", () => {
    web.pageViewed({ page_path: "/", page_type: "home", page_title: undefined, unknown: undefined });
    web.heartBeat();
    for (const event of seen.captured.events) {
      assert.ok(Object.values(event).every((value) => value !== undefined));
      assert.ok(Object.values(event.event_properties).every((value) => value !== undefined));
    }
    assert.deepEqual(Object.keys(seen.captured.events[0].event_properties), ["page_path", "page_type"]);
    assert.deepEqual(seen.violations, []);
  });

  test("changes nothing it is given and keeps nothing of it", () => {
    const line = Object.freeze({ sku: "ABC", quantity: 1, price: null });
    const lines = [line];
    web.everythingSeen(Object.freeze({ lines }));
    lines.push("later");
    assert.deepEqual(seen.captured.events[0].event_properties.lines, [
      { sku: "ABC", quantity: 1, price: null, kind: "goods" },
    ]);
  });

  test("leaves a bad optional value out", () => {
    const receipt = web.pageViewed({ page_path: "/", page_type: "home", page_title: 5 });
    assert.deepEqual([receipt.accepted, receipt.flagged], [true, false]);
    assert.deepEqual(receipt.problems, [{ property: "page_title", reason: "not text" }]);
    assert.deepEqual(seen.captured.events[0].event_properties, { page_path: "/", page_type: "home" });
    assert.deepEqual(seen.violations, [
      {
        event: "page_viewed",
        accepted: true,
        problems: [{ property: "page_title", reason: "not text" }],
        properties: { page_path: "/", page_type: "home", page_title: 5 },
      },
    ]);
  });

  test("leaves a bad or missing required value out and flags the event", () => {
    for (const given of [
      { page_path: "/" },
      { page_path: "/", page_type: "garden" },
      { page_path: "/", page_type: null },
    ]) {
      const receipt = web.pageViewed(given);
      assert.deepEqual([receipt.accepted, receipt.flagged], [true, true]);
    }
    assert.deepEqual(reasons(), ["page_type: missing", "page_type: not allowed", "page_type: not allowed"]);
    assert.deepEqual(
      seen.captured.events.map((event) => event.event_properties),
      Array(3).fill({ page_path: "/" }),
    );
  });

  test("leaves out what the plan does not know, also what every object inherits", () => {
    const receipt = web.pageViewed({ page_path: "/", page_type: "home", constructor: 1, ["__proto__"]: 2, other: 3 });
    assert.equal(receipt.accepted, true);
    assert.deepEqual(reasons().sort(), ["__proto__: unknown", "constructor: unknown", "other: unknown"]);
    assert.deepEqual(Object.keys(seen.captured.events[0].event_properties), ["page_path", "page_type"]);
  });

  test("names the part at fault", () => {
    web.everythingSeen({
      lines: [
        { sku: "ABC", quantity: 1, price: 2 },
        { sku: "ABC", quantity: 0, price: 2 },
      ],
    });
    web.everythingSeen({ lines: [{ sku: "ABC", quantity: 1, price: 2, secret_cost: 1 }] });
    web.everythingSeen({ scores: { a: "b" }, any: { x: [NaN] } });
    assert.deepEqual(reasons(), [
      "lines[1].quantity: out of range",
      "lines[0].secret_cost: unknown",
      "any.x[0]: not a number",
      "scores.a: not a number",
    ]);
  });

  test("fills constants in, takes an equal one, and refuses another", () => {
    assert.equal(web.everythingSeen({}).accepted, true);
    assert.equal(web.everythingSeen({ fixed: 7 }).accepted, true);
    assert.deepEqual(
      seen.captured.events.map((event) => event.event_properties),
      [{ fixed: 7 }, { fixed: 7 }],
    );
    assert.equal(web.everythingSeen({ fixed: 8 }).accepted, false);
    assert.equal(web.everythingSeen({ fixed: "7" }).accepted, false);
    const line = { sku: "ABC", quantity: 1, price: 1 };
    assert.equal(
      web.everythingSeen({
        lines: [
          { ...line, kind: "goods" },
          { ...line, kind: "other" },
        ],
      }).accepted,
      false,
    );
    assert.equal(seen.captured.events.length, 2);
    assert.equal(web.stats().dropped.refused >= 3, true);
  });

  test("that is no call is refused, not thrown", () => {
    for (const given of [null, 1, "x", [], new Map(), new Date(), () => 1, 1n, Symbol("x")])
      assert.equal(web.pageViewed(given).accepted, false, String(given?.toString?.()));
    assert.equal(seen.captured.events.length, 0);
    assert.ok(reasons().every((reason) => reason === ": not an object"));
    assert.equal(web.pageViewed().flagged, true);
  });
});

describe("hostile values", () => {
  const bomb = () => {
    throw new Error("boom");
  };
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };

  test("never throw in production", () => {
    const loop = { page_path: "/" };
    loop.self = loop;
    const list = [];
    list.push(list);
    const wide = {};
    wide.a = wide.b = wide.c = wide;
    const values = [
      Object.defineProperty({}, "page_title", { get: bomb, enumerable: true }),
      new Proxy({}, { ownKeys: bomb }),
      new Proxy({ page_title: 1 }, { get: bomb }),
      new Proxy({ page_title: 1 }, { getOwnPropertyDescriptor: bomb }),
      revoked(),
      { page_title: { toString: bomb, valueOf: bomb, toJSON: bomb } },
      { page_title: revoked() },
      { page_title: Object.create(null) },
      { page_title: Symbol("x") },
      {
        get [Symbol.toStringTag]() {
          return bomb();
        },
      },
      loop,
    ];
    for (const value of values) assert.doesNotThrow(() => web.pageViewed(value));
    for (const value of [
      loop,
      list,
      wide,
      revoked(),
      { toJSON: bomb },
      [undefined],
      [, 1],
      1n,
      { a: 1n },
      new Date(),
      new Map([[1, 2]]),
      bomb,
      Symbol("x"),
      NaN,
      { a: Infinity },
      "\ud800",
      { "\udfff": 1 },
    ])
      for (const name of ["any", "unique", "lines", "scores", "text", "datetime", "date", "url"]) {
        const receipt = web.everythingSeen({ [name]: name === "unique" ? [value] : value });
        assert.equal(receipt.accepted, true);
        if (name === "any") assert.equal(receipt.problems.length, 1, String(name));
      }
  });

  test("of a getter are read once and judged", () => {
    let reads = 0;
    web.pageViewed({
      page_path: "/",
      page_type: "home",
      get page_title() {
        return ++reads === 1 ? "one" : bomb();
      },
    });
    assert.equal(seen.captured.events[0].event_properties.page_title, "one");
    web.pageViewed(
      Object.defineProperty({ page_path: "/", page_type: "home" }, "page_title", { get: bomb, enumerable: true }),
    );
    assert.deepEqual(reasons(), ["page_title: unreadable"]);
  });

  test("called __proto__ and constructor are properties like any other", () => {
    web.everythingSeen({
      scores: JSON.parse('{"__proto__": 1, "constructor": 2}'),
      any: JSON.parse('{"__proto__": {"a": 1}}'),
    });
    const { scores, any } = seen.captured.events[0].event_properties;
    assert.equal(JSON.stringify(scores), '{"__proto__":1,"constructor":2}');
    assert.equal(JSON.stringify(any), '{"__proto__":{"a":1}}');
    assert.equal({}.a, undefined);
  });

  test("of a handler and of a client do no harm", async () => {
    seen.captured.stop();
    const failing = { track: bomb, setUserId: bomb, reset: bomb, getUserId: bomb, setOptOut: bomb };
    web.configure({ client: failing, onViolation: bomb });
    const before = web.stats().dropped;
    assert.equal(web.pageViewed({ page_path: 1 }).accepted, false);
    web.configure({ client: { track: bomb, setOptOut: bomb } });
    assert.doesNotThrow(() => web.pageViewed({ page_path: "/", page_type: "home" }));
    assert.doesNotThrow(() => web.optOut());
    assert.ok((web.stats().dropped.client ?? 0) >= (before.client ?? 0) + 2);
    const { sent } = web.stats();
    for (const answer of [undefined, { promise: Promise.resolve({ code: 200 }) }, Promise.resolve()]) {
      web.configure({ client: { track: () => answer } });
      web.pageViewed({ page_path: "/", page_type: "home" });
    }
    for (const answer of [
      { promise: Promise.resolve({ code: 400 }) },
      Promise.reject(new Error("x")),
      { promise: Promise.resolve({ code: 0 }) },
    ]) {
      web.configure({ client: { track: () => answer } });
      web.pageViewed({ page_path: "/", page_type: "home" });
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(web.stats().sent, sent + 3);
    assert.equal(web.stats().dropped["code 400"], 1);
    assert.equal(web.stats().dropped["code 0"], 1);
    seen.captured = web.capture();
  });
});

describe("strict mode", () => {
  test("throws a TypeError that names event, part and reason, and sends nothing", () => {
    web.configure({ strict: true });
    assert.throws(() => web.pageViewed({ page_path: "/", page_type: "garden", x: 1 }), {
      name: "TypeError",
      message: "page_viewed: page_type not allowed, x unknown",
    });
    assert.throws(() => web.pageViewed(null), { message: "page_viewed: not an object" });
    assert.throws(() => web.login("x"), TypeError);
    assert.throws(() => web.setContext({ build: 0 }), { message: "setContext: build out of range" });
    assert.throws(() => web.identify({ visits: "1" }), TypeError);
    assert.throws(() => web.loggedIn({ method: "email" }), TypeError);
    assert.throws(() => web.orderPaid.pending({}), TypeError);
    assert.equal(seen.captured.events.length, 0);
    web.pageViewed({ page_path: "/", page_type: "home" });
    assert.equal(seen.captured.events.length, 1);
  });
});

describe("keys", () => {
  test("are the same for the same fact", () => {
    const first = web.orderStarted(ORDER);
    const second = web.orderStarted({ ...ORDER, reference: ORDER.reference.toLowerCase() });
    assert.equal(first.insertId, second.insertId);
    assert.notEqual(web.orderStarted({ ...ORDER, count: 3 }).insertId, first.insertId);
    assert.equal(seen.captured.events[0].insert_id, first.insertId);
    assert.equal(seen.captured.events[0].event_properties.reference, ORDER.reference.toLowerCase());
  });

  test("in the clear print their parts", () => {
    assert.equal(web.invoiceSeen({ number: 7, copy: true }).insertId, "invoice/7/true");
    assert.equal(web.invoiceSeen({ number: -0, copy: false }).insertId, "invoice/0/false");
  });

  test("with a part that is missing, empty or wrong refuse the event", () => {
    for (const part of [undefined, "", null, 5, "\ud800"]) {
      const receipt = web.orderStarted({ ...ORDER, order_id: part });
      assert.deepEqual([receipt.accepted, receipt.insertId], [false, undefined]);
      assert.ok(receipt.problems.some(({ reason }) => reason === "no dedupe key"));
    }
    assert.equal(web.orderStarted({ ...ORDER, count: "2" }).accepted, false);
    assert.equal(web.invoiceSeen({ number: 1 }).accepted, false);
    assert.equal(seen.captured.events.length, 0);
    assert.deepEqual(seen.violations[0].properties, { ...ORDER, order_id: undefined });
  });

  test("take no part from a prototype", () => {
    assert.equal(web.orderStarted(Object.create(ORDER)).accepted, false);
  });

  test("carry exactly the ids that the identity names", () => {
    const client = recorder({ getUserId: () => "user-1", getDeviceId: () => "device-1" });
    web.configure({ client });
    web.orderStarted(ORDER);
    web.slotBooked({ booked_at: new Date(0) });
    const [keyed, other] = client.calls.map(([, , , options]) => options);
    assert.deepEqual([keyed.user_id, keyed.device_id], [null, "device-1"]);
    assert.deepEqual([other.user_id, other.device_id], ["user-1", "device-1"]);
  });
});
