// What stands around a call: hybrid copies, the person, context, consent, clients. Run by calls_test.py.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { reasons, recorder, seen, web } from "./calls.mjs";

describe("a hybrid event", () => {
  const PAID = { order_id: "ORD-1", total: 5, currency: "EUR" };

  test("cannot be asserted by the browser", () => {
    assert.equal(typeof web.orderPaid, "object");
    assert.deepEqual(Object.keys(web.orderPaid), ["pending"]);
  });

  test("is captured as a copy, not as an event", () => {
    const copy = web.orderPaid.pending(PAID);
    assert.equal(copy.accepted, true);
    assert.deepEqual(
      seen.captured.copies.map((event) => [event.event_type, event.insert_id]),
      [["order_paid", copy.insertId]],
    );
    copy.settle(new Response("", { status: 500 }));
    assert.equal(seen.captured.events.length, 0);
  });

  test("tells of a problem once, and is never sent when it is refused", () => {
    assert.equal(web.orderPaid.pending({ ...PAID, order_id: "" }).accepted, false);
    assert.equal(web.orderPaid.pending({ ...PAID, total: -1 }).flagged, true);
    assert.deepEqual(reasons(), [": no dedupe key", "total: out of range"]);
  });

  test("whose key is an attempt carries it with the request", () => {
    const copy = web.signedUp.pending({ method: "email" });
    assert.match(copy.headers["Trackside-Attempt"], /^1 [0-9a-f-]{36}$/);
    assert.notEqual(
      copy.headers["Trackside-Attempt"],
      web.signedUp.pending({ method: "email" }).headers["Trackside-Attempt"],
    );
    assert.deepEqual(web.orderPaid.pending(PAID).headers, {});
  });

  test("signs in whom the answer names", () => {
    const client = recorder();
    web.configure({ client });
    web.signedUp.pending({ method: "email" }).settle(new Response("", { status: 402 }), { userId: "user-12345" });
    web.signedUp.pending({ method: "email" }).settle(new Response("", { status: 201 }), { userId: "x" });
    web.signedUp.pending({ method: "email" }).settle(new Response("", { status: 201 }), { userId: "user-12345" });
    assert.deepEqual(client.calls, [["setUserId", "user-12345"]]);
  });

  test("with client_copy: always is sent at once", () => {
    assert.equal(web.giftSent({ gift_id: "G1" }).accepted, true);
    assert.equal(seen.captured.events.length, 1);
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
      seen.captured.events.map((event) => event.event_properties),
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
    assert.deepEqual(seen.captured.events[0].event_properties, { build: 3, method: "email" });
  });
});

describe("identify", () => {
  test("uses the plan's operations", () => {
    const receipt = web.identify({ nickname: "Bo", first_page: "/", visits: 1, brands: "acme", old_name: true });
    assert.equal(receipt.accepted, true);
    assert.deepEqual(seen.captured.events, [
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
    assert.equal(seen.captured.events.length, 0);
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
    const [paid, booked, bad, returned, unknown, nothing] = seen.captured.events;
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
    seen.captured.stop();
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
    seen.captured = web.capture();
  });

  test("the queue is bounded: the oldest go, and are counted", () => {
    seen.captured.stop();
    web.configure({ client: undefined });
    const dropped = web.stats().dropped.queue ?? 0;
    for (let n = 0; n < 1005; n++) web.pageViewed({ page_path: `/${n}`, page_type: "home" });
    assert.equal(web.stats().waiting, 1000);
    assert.equal(web.stats().dropped.queue, dropped + 5);
    const client = recorder();
    web.configure({ client });
    assert.equal(client.calls[0][2].page_path, "/5");
    seen.captured = web.capture();
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
      seen.captured.events.map((event) => event.event_type),
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
  seen.captured.stop();
  web.configure({ client });
  const inner = web.capture();
  web.heartBeat();
  inner.stop();
  web.heartBeat();
  assert.equal(inner.events.length, 1);
  assert.equal(client.calls.length, 1);
  seen.captured = web.capture();
});
