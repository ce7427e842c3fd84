// What generated functions do: run by calls_test.py over the folder that plan.yaml compiles to.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { pathToFileURL } from "node:url";

const web = await import(pathToFileURL(process.env.GENERATED + "/index.js").href);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ORDER = {
  order_id: "ORD-1",
  count: 2,
  gift: false,
  size: "M",
  day: "2026-01-31",
  reference: "ABCDEF01-2345-6789-ABCD-EF0123456789",
};

/** A client that writes down what it is told. */
const recorder = (more = {}) => {
  const calls = [];
  const note =
    (name) =>
    (...args) => {
      calls.push([name, ...args]);
    };
  return {
    calls,
    track: note("track"),
    identify: (changes, options) => calls.push(["identify", changes.getUserProperties(), options]),
    setUserId: note("setUserId"),
    reset: note("reset"),
    setOptOut: note("setOptOut"),
    ...more,
  };
};

let violations = [];
let captured;

const start = () => {
  violations = [];
  web.configure({ strict: false, onViolation: (violation) => violations.push(violation) });
  web.setContext({ app_version: undefined, build: undefined });
  captured = web.capture();
};

const reasons = () =>
  violations.flatMap(({ problems }) => problems.map(({ property, reason }) => `${property}: ${reason}`));

beforeEach(start);
afterEach(() => captured.stop());

describe("a call", () => {
  test("sends the plan's keys, an insert_id and where it came from", () => {
    const receipt = web.pageViewed({ page_path: "/", page_type: "home" });
    assert.equal(receipt.accepted, true);
    assert.equal(receipt.flagged, false);
    assert.match(receipt.insertId, UUID);
    assert.deepEqual(captured.events, [
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
    for (const event of captured.events) {
      assert.ok(Object.values(event).every((value) => value !== undefined));
      assert.ok(Object.values(event.event_properties).every((value) => value !== undefined));
    }
    assert.deepEqual(Object.keys(captured.events[0].event_properties), ["page_path", "page_type"]);
    assert.deepEqual(violations, []);
  });

  test("changes nothing it is given and keeps nothing of it", () => {
    const line = Object.freeze({ sku: "ABC", quantity: 1, price: null });
    const lines = [line];
    web.everythingSeen(Object.freeze({ lines }));
    lines.push("later");
    assert.deepEqual(captured.events[0].event_properties.lines, [
      { sku: "ABC", quantity: 1, price: null, kind: "goods" },
    ]);
  });

  test("leaves a bad optional value out", () => {
    const receipt = web.pageViewed({ page_path: "/", page_type: "home", page_title: 5 });
    assert.deepEqual([receipt.accepted, receipt.flagged], [true, false]);
    assert.deepEqual(receipt.problems, [{ property: "page_title", reason: "not text" }]);
    assert.deepEqual(captured.events[0].event_properties, { page_path: "/", page_type: "home" });
    assert.deepEqual(violations, [
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
      captured.events.map((event) => event.event_properties),
      Array(3).fill({ page_path: "/" }),
    );
  });

  test("leaves out what the plan does not know, also what every object inherits", () => {
    const receipt = web.pageViewed({ page_path: "/", page_type: "home", constructor: 1, ["__proto__"]: 2, other: 3 });
    assert.equal(receipt.accepted, true);
    assert.deepEqual(reasons().sort(), ["__proto__: unknown", "constructor: unknown", "other: unknown"]);
    assert.deepEqual(Object.keys(captured.events[0].event_properties), ["page_path", "page_type"]);
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
      captured.events.map((event) => event.event_properties),
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
    assert.equal(captured.events.length, 2);
    assert.equal(web.stats().dropped.refused >= 3, true);
  });

  test("that is no call is refused, not thrown", () => {
    for (const given of [null, 1, "x", [], new Map(), new Date(), () => 1, 1n, Symbol("x")])
      assert.equal(web.pageViewed(given).accepted, false, String(given?.toString?.()));
    assert.equal(captured.events.length, 0);
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
    assert.equal(captured.events[0].event_properties.page_title, "one");
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
    const { scores, any } = captured.events[0].event_properties;
    assert.equal(JSON.stringify(scores), '{"__proto__":1,"constructor":2}');
    assert.equal(JSON.stringify(any), '{"__proto__":{"a":1}}');
    assert.equal({}.a, undefined);
  });

  test("of a handler and of a client do no harm", async () => {
    captured.stop();
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
    captured = web.capture();
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
    assert.equal(captured.events.length, 0);
    web.pageViewed({ page_path: "/", page_type: "home" });
    assert.equal(captured.events.length, 1);
  });
});

describe("keys", () => {
  test("are the same for the same fact", () => {
    const first = web.orderStarted(ORDER);
    const second = web.orderStarted({ ...ORDER, reference: ORDER.reference.toLowerCase() });
    assert.equal(first.insertId, second.insertId);
    assert.notEqual(web.orderStarted({ ...ORDER, count: 3 }).insertId, first.insertId);
    assert.equal(captured.events[0].insert_id, first.insertId);
    assert.equal(captured.events[0].event_properties.reference, ORDER.reference.toLowerCase());
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
    assert.equal(captured.events.length, 0);
    assert.deepEqual(violations[0].properties, { ...ORDER, order_id: undefined });
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

describe("a hybrid event", () => {
  const PAID = { order_id: "ORD-1", total: 5, currency: "EUR" };

  test("cannot be asserted by the browser", () => {
    assert.equal(typeof web.orderPaid, "object");
    assert.deepEqual(Object.keys(web.orderPaid), ["pending"]);
  });

  test("is sent once, at the time of the call, when the page says so", async () => {
    const before = Date.now();
    const copy = web.orderPaid.pending(PAID);
    assert.equal(copy.accepted, true);
    assert.match(copy.insertId, UUID);
    assert.equal(captured.events.length, 0);
    const after = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(copy.send(), true);
    assert.equal(copy.send(), false);
    copy.drop();
    assert.equal(captured.events.length, 1);
    const [event] = captured.events;
    assert.equal(event.insert_id, copy.insertId);
    assert.ok(event.time >= before && event.time <= after);
    assert.equal(event.revenue, undefined);
  });

  test("is never sent once it was dropped, and never by itself", () => {
    const dropped = web.stats().dropped.copy ?? 0;
    const copy = web.orderPaid.pending(PAID);
    copy.drop();
    copy.drop();
    assert.equal(copy.send(), false);
    web.orderPaid.pending(PAID);
    assert.equal(captured.events.length, 0);
    assert.equal(web.stats().dropped.copy, dropped + 1);
  });

  test("that is refused has nothing to send", () => {
    const copy = web.orderPaid.pending({ ...PAID, order_id: "" });
    assert.deepEqual([copy.accepted, copy.send(), captured.events.length], [false, false, 0]);
    assert.equal(violations.length, 1);
  });

  test("tells of a problem once", () => {
    const copy = web.orderPaid.pending({ ...PAID, total: -1 });
    assert.deepEqual([copy.accepted, copy.flagged], [true, true]);
    copy.send();
    assert.equal(violations.length, 1);
    assert.deepEqual(captured.events[0].event_properties, { order_id: "ORD-1", currency: "EUR" });
  });

  test("whose key is an attempt carries it with the request", () => {
    const copy = web.signedUp.pending({ method: "email" });
    assert.match(copy.headers["Trackside-Attempt"], /^1 [0-9a-f-]{36}$/);
    assert.notEqual(
      copy.headers["Trackside-Attempt"],
      web.signedUp.pending({ method: "email" }).headers["Trackside-Attempt"],
    );
    assert.deepEqual(web.orderPaid.pending(PAID).headers, {});
    assert.equal(copy.send(), false); // signs somebody in, and nobody was named
    assert.deepEqual(reasons(), ["userId: not a user id"]);
    const client = recorder();
    web.configure({ client });
    assert.equal(web.signedUp.pending({ method: "email" }).send({ userId: "user-1" }), true);
    assert.deepEqual(
      client.calls.map(([name]) => name),
      ["setUserId", "track"],
    );
    assert.equal(client.calls[1][3].user_id, null); // the server's copy names the device alone
  });

  test("with client_copy: always is sent at once", () => {
    assert.equal(web.giftSent({ gift_id: "G1" }).accepted, true);
    assert.equal(captured.events.length, 1);
  });
});

describe("identity", () => {
  test("signing in sets the id, then sends with it", () => {
    const client = recorder({ getUserId: () => undefined, getDeviceId: () => "device-1" });
    web.configure({ client });
    web.setContext({ build: 1 });
    assert.equal(web.loggedIn({ method: "email" }, { userId: "user-12345" }).accepted, true);
    assert.deepEqual(client.calls[0], ["setUserId", "user-12345"]);
    assert.deepEqual(client.calls[1].slice(0, 3), ["track", "logged_in", { build: 1, method: "email" }]);
    assert.equal(client.calls[1][3].user_id, "user-12345");
    for (const call of [
      undefined,
      null,
      {},
      { userId: "" },
      { userId: "1234" },
      { userId: "anonymous" },
      { userId: "Unknown" },
      { userId: "x".repeat(1025) },
      { userId: "ab\u{1f600}c" },
      { userId: 12345 },
      { userId: "00000000-0000-0000-0000-000000000000" },
      { userId: "\ud800abcde" },
      {
        get userId() {
          throw new Error("x");
        },
      },
    ])
      assert.equal(web.loggedIn({ method: "email" }, call).accepted, false);
    assert.equal(client.calls.length, 2);
  });

  test("signing out sends, then resets", () => {
    const client = recorder({ getUserId: () => "user-1", getDeviceId: () => "device-1" });
    web.configure({ client });
    web.loggedOut();
    assert.deepEqual(
      client.calls.map(([name]) => name),
      ["track", "reset"],
    );
    assert.equal(client.calls[0][3].user_id, "user-1");
  });

  test("an id that the plan wants must be there", () => {
    web.configure({ client: recorder({ getUserId: () => undefined, getDeviceId: () => "device-1" }) });
    assert.equal(web.loggedOut().accepted, false);
    assert.deepEqual(reasons(), [": no user id"]);
  });

  test("login, reset and optOut tell the client", () => {
    const client = recorder();
    web.configure({ client });
    web.login("user-1");
    web.login("x");
    web.reset();
    web.optOut();
    web.optOut(false);
    assert.deepEqual(client.calls, [["setUserId", "user-1"], ["reset"], ["setOptOut", true], ["setOptOut", false]]);
    assert.deepEqual(reasons(), ["userId: not a user id"]);
  });
});

describe("context", () => {
  test("comes with the events that carry it, and a required part of it is asked for", () => {
    web.setContext({ app_version: "1.0", build: 3 });
    web.loggedIn({ method: "email" }, { userId: "user-1" });
    web.pageViewed({ page_path: "/", page_type: "home" });
    web.setContext({ build: undefined });
    assert.equal(web.loggedIn({ method: "email" }, { userId: "user-1" }).flagged, true);
    assert.deepEqual(
      captured.events.map((event) => event.event_properties),
      [
        { app_version: "1.0", build: 3, method: "email" },
        { page_path: "/", page_type: "home" },
        { app_version: "1.0", method: "email" },
      ],
    );
    assert.deepEqual(reasons(), ["build: missing"]);
  });

  test("is checked when it is set, and a bad value does not leave the old one", () => {
    web.setContext({ app_version: "1.0", build: 3 });
    web.setContext({ app_version: 5, other: 1 });
    web.setContext(null);
    web.loggedIn({ method: "email" }, { userId: "user-1" });
    assert.deepEqual(reasons(), ["app_version: not text", "other: unknown", ": not an object"]);
    assert.deepEqual(captured.events[0].event_properties, { build: 3, method: "email" });
  });
});

describe("identify", () => {
  test("uses the plan's operations", () => {
    const receipt = web.identify({ nickname: "Bo", first_page: "/", visits: 1, brands: "acme", old_name: true });
    assert.equal(receipt.accepted, true);
    assert.deepEqual(captured.events, [
      {
        event_type: "$identify",
        user_properties: {
          $set: { nickname: "Bo" },
          $setOnce: { first_page: "/" },
          $add: { visits: 1 },
          $append: { brands: "acme" },
          $unset: { old_name: "-" },
        },
        insert_id: receipt.insertId,
        ingestion_metadata: { source_name: "plan-of-tests/web", source_version: "2.3.4" },
      },
    ]);
  });

  test("sends nothing when nothing is left, and no ids", () => {
    assert.equal(web.identify({}).accepted, false);
    assert.equal(web.identify({ secret_segment: "SECRET_VIP", nickname: 1 }).accepted, false);
    assert.equal(captured.events.length, 0);
    const client = recorder({ getUserId: () => "user-1", getDeviceId: () => "device-1" });
    web.configure({ client });
    web.identify({ nickname: "Bo" });
    assert.deepEqual(Object.keys(client.calls[0][2]).sort(), ["ingestion_metadata", "insert_id"]);
  });
});

describe("revenue and time", () => {
  test("come from the properties that the plan names", () => {
    web.shippingPaid({ total: 4.5, currency: "EUR" });
    web.slotBooked({ booked_at: "2026-01-31T12:00:00.5+01:00" });
    web.slotBooked({ booked_at: "never" });
    web.depositReturned({ price: 2.5, count: 2, sku: "ABC" });
    web.depositReturned({ price: 2.5, sku: "ABC" });
    web.depositReturned({ price: 0, count: 2, sku: "ABC" });
    const [paid, booked, bad, returned, unknown, nothing] = captured.events;
    assert.deepEqual(
      [returned.revenue, returned.productId, returned.price, returned.quantity],
      [-5, "ABC", undefined, undefined],
    );
    assert.deepEqual(returned.event_properties, { price: 2.5, count: 2, sku: "ABC" });
    assert.equal("revenue" in unknown, false);
    assert.ok(Object.is(nothing.revenue, 0));
    assert.deepEqual([paid.revenue, paid.currency, paid.price], [4.5, "EUR", undefined]);
    assert.deepEqual(paid.event_properties, { total: 4.5, currency: "EUR" });
    assert.equal(booked.time, Date.parse("2026-01-31T11:00:00.500Z"));
    assert.equal("time" in bad, false);
  });
});

describe("waiting", () => {
  test("events wait for a client, in order, with the time of the call", async () => {
    captured.stop();
    web.configure({ client: undefined });
    const before = Date.now();
    assert.equal(web.pageViewed({ page_path: "/1", page_type: "home" }).accepted, true);
    web.login("user-1");
    web.pageViewed({ page_path: "/2", page_type: "home" });
    assert.equal(web.stats().waiting, 3);
    const after = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const client = recorder();
    web.configure({ client });
    assert.deepEqual(
      client.calls.map(([name, first]) => [name, first]),
      [
        ["track", "page_viewed"],
        ["setUserId", "user-1"],
        ["track", "page_viewed"],
      ],
    );
    assert.ok(client.calls[0][3].time >= before && client.calls[0][3].time <= after);
    assert.equal(web.stats().waiting, 0);
    captured = web.capture();
  });

  test("the queue is bounded: the oldest go, and are counted", () => {
    captured.stop();
    web.configure({ client: undefined });
    const dropped = web.stats().dropped.queue ?? 0;
    for (let n = 0; n < 1005; n++) web.pageViewed({ page_path: `/${n}`, page_type: "home" });
    assert.equal(web.stats().waiting, 1000);
    assert.equal(web.stats().dropped.queue, dropped + 5);
    const client = recorder();
    web.configure({ client });
    assert.equal(client.calls[0][2].page_path, "/5");
    captured = web.capture();
  });

  test("consent: what is refused is dropped, what is necessary goes out", () => {
    web.setConsent({ analytics: false, marketing: false });
    const dropped = web.stats().dropped.consent ?? 0;
    assert.equal(web.pageViewed({ page_path: "/", page_type: "home" }).accepted, false);
    assert.equal(web.slotBooked({ booked_at: new Date() }).accepted, false);
    assert.equal(web.heartBeat().accepted, true);
    web.setConsent({ marketing: true });
    assert.equal(web.slotBooked({ booked_at: new Date() }).accepted, true);
    web.setConsent({ analytics: true });
    assert.equal(web.pageViewed({ page_path: "/", page_type: "home" }).accepted, true);
    assert.deepEqual(
      captured.events.map((event) => event.event_type),
      ["heart_beat", "slot_booked", "page_viewed"],
    );
    assert.equal(web.stats().dropped.consent, dropped + 2);
  });
});

test("the options for the vendor's SDK are the plan's", () => {
  assert.equal(web.sdkOptions.serverZone, "EU");
  assert.equal(web.sdkOptions.sessionTimeout, 20 * 60 * 1000);
  assert.deepEqual(
    [web.sdkOptions.autocapture.sessions, web.sdkOptions.autocapture.attribution, web.sdkOptions.autocapture.pageViews],
    [true, false, false],
  );
});

test("capture gives the client back", () => {
  const client = recorder();
  captured.stop();
  web.configure({ client });
  const inner = web.capture();
  web.heartBeat();
  inner.stop();
  web.heartBeat();
  assert.equal(inner.events.length, 1);
  assert.equal(client.calls.length, 1);
  captured = web.capture();
});
