// The generated functions over the vendor's own browser SDK: what arrives at a server on loopback.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.NODE_PATH + "/");
const { JSDOM } = require("jsdom");

const bodies = [];
const server = createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8");
  request.on("data", (part) => (text += part));
  request.on("end", () => {
    bodies.push(text);
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ code: 200, events_ingested: 1, payload_size_bytes: text.length, server_upload_time: 1 }),
    );
  });
});

let web;
let amplitude;

/** Send what waits and return the events of the uploads, as the server parsed them. */
const uploaded = async () => {
  await amplitude.flush().promise;
  return bodies.splice(0).flatMap((text) => JSON.parse(text).events);
};

before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { window } = new JSDOM("", { url: "https://shop.example/?utm_source=letter" });
  for (const name of [
    "window",
    "document",
    "location",
    "history",
    "localStorage",
    "sessionStorage",
    "navigator",
    "CustomEvent",
    "Event",
  ])
    Object.defineProperty(globalThis, name, { value: name === "window" ? window : window[name], configurable: true });
  for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"])
    globalThis[name] = window[name].bind(window);
  web = await import(pathToFileURL(process.env.GENERATED + "/index.js").href);
  amplitude = require("@amplitude/analytics-browser");
  web.configure({ client: amplitude, strict: true });
  await amplitude.init("0123456789abcdef", {
    ...web.sdkOptions,
    serverUrl: `http://127.0.0.1:${server.address().port}/2/httpapi`,
    flushIntervalMillis: 5,
    enableDiagnostics: false,
    logLevel: 0,
  }).promise;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

test("the plan's options leave the SDK nothing to add of its own but the session", async () => {
  const events = await uploaded();
  assert.deepEqual(
    events.map((event) => event.event_type).filter((name) => name !== "session_start"),
    [],
  );
});

test("an event arrives with the plan's properties and no others, under the insert_id that the call answered", async () => {
  const receipt = web.everythingSeen({
    text: "ab",
    integer: 3.0,
    number: -0,
    datetime: new Date(Date.UTC(2026, 0, 31, 12)),
    uuid: "ABCDEF01-2345-6789-ABCD-EF0123456789",
    nothing: null,
    any: { a: [1, null, "\u2028"], b: undefined },
    unique: [[1], [2]],
    lines: [{ sku: "ABC", quantity: 1, price: null, note: undefined }],
  });
  const [event, ...others] = await uploaded();
  assert.deepEqual(others, []);
  assert.equal(event.event_type, "everything_seen");
  assert.equal(event.insert_id, receipt.insertId);
  assert.deepEqual(event.event_properties, {
    text: "ab",
    integer: 3,
    number: 0,
    datetime: "2026-01-31T12:00:00.000Z",
    uuid: "abcdef01-2345-6789-abcd-ef0123456789",
    nothing: null,
    any: { a: [1, null, "\u2028"] },
    unique: [[1], [2]],
    lines: [{ sku: "ABC", quantity: 1, price: null, kind: "goods" }],
    fixed: 7,
  });
  assert.deepEqual(event.ingestion_metadata, { source_name: "plan-of-tests/web", source_version: "2.3.4" });
  assert.equal(event.device_id, amplitude.getDeviceId());
  assert.equal(event.session_id, amplitude.getSessionId());
  assert.ok(Math.abs(event.time - Date.now()) < 60_000);
  assert.equal(event.platform, "Web");
});

test("a call keeps the session alive", async () => {
  const session = amplitude.getSessionId();
  for (let n = 0; n < 3; n++) web.heartBeat();
  const events = await uploaded();
  assert.deepEqual(
    events.map((event) => event.session_id),
    [session, session, session],
  );
});

test("signing in, a keyed event, signing out: each with the ids of its call", async () => {
  const device = amplitude.getDeviceId();
  web.setContext({ build: 1 });
  web.loggedIn({ method: "email" }, { userId: "user-12345" });
  web.orderStarted({
    order_id: "ORD-1",
    count: 1,
    gift: false,
    size: "S",
    day: "2026-01-31",
    reference: "abcdef01-2345-6789-abcd-ef0123456789",
  });
  web.pageViewed({ page_path: "/", page_type: "home" });
  web.loggedOut();
  assert.notEqual(amplitude.getDeviceId(), device); // the reset is done before the SDK reads its ids
  assert.equal(amplitude.getUserId(), undefined);
  web.pageViewed({ page_path: "/bye", page_type: "home" });
  const events = await uploaded();
  assert.deepEqual(
    events.map((event) => [event.event_type, event.user_id ?? null, event.device_id]),
    [
      ["logged_in", "user-12345", device],
      ["order_started", null, device],
      ["page_viewed", "user-12345", device],
      ["logged_out", "user-12345", device],
      ["page_viewed", null, amplitude.getDeviceId()],
    ],
  );
});

test("user properties arrive under the plan's operations", async () => {
  web.login("user-67890");
  web.identify({ nickname: "Bo", first_page: "/", visits: 1, brands: "acme", old_name: true });
  const [event] = await uploaded();
  assert.equal(event.event_type, "$identify");
  assert.deepEqual(event.user_properties, {
    $set: { nickname: "Bo" },
    $setOnce: { first_page: "/" },
    $add: { visits: 1 },
    $append: { brands: "acme" },
    $unset: { old_name: "-" },
  });
  assert.equal(event.user_id, "user-67890");
  assert.equal(amplitude.getUserId(), "user-67890");
});

test("revenue and time", async () => {
  web.shippingPaid({ total: 4.5, currency: "EUR" });
  web.slotBooked({ booked_at: "2026-01-31T12:00:00Z" });
  const [paid, booked, ...others] = await uploaded();
  assert.deepEqual(others, []);
  assert.deepEqual([paid.revenue, paid.currency, paid.price ?? null], [4.5, "EUR", null]);
  assert.equal(booked.time, Date.UTC(2026, 0, 31, 12));
});

test("a hybrid event's copy is kept with the SDK's ids, and asked about at the endpoint", async () => {
  const kept = () => Object.entries(localStorage).filter(([key]) => key.startsWith("trackside.plan-of-tests/web.c."));
  web.orderPaid.pending({ order_id: "ORD-2", total: 5, currency: "EUR" }).drop();
  assert.deepEqual(kept(), []);
  const copy = web.orderPaid.pending({ order_id: "ORD-1", total: 5, currency: "EUR" });
  const [[key, text], ...others] = kept();
  assert.deepEqual(others, []);
  assert.equal(key, `trackside.plan-of-tests/web.c.${amplitude.getDeviceId()}.${copy.insertId}`);
  const { e: event } = JSON.parse(text);
  assert.equal(event.session_id, amplitude.getSessionId());
  assert.deepEqual([event.revenue, event.user_id, event.trackside.copy], [undefined, undefined, "unknown"]);
  const before = Date.now();
  copy.settle(Promise.reject(new TypeError("Failed to fetch"))).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(JSON.parse(kept()[0][1]).u - before - 120_000 < 1000);
  const headers = { "Trackside-Confirmed": `1 other ${copy.insertId}` };
  copy.settle(new Response("{}", { status: 200, headers }));
  assert.deepEqual(kept(), []);
  assert.deepEqual(await uploaded(), []);
});

test("requests to our own origin carry what the SDK knows", () => {
  const { headers } = web.carry("/api", { method: "POST", headers: { "X-One": "1" } });
  assert.equal(headers.get("X-One"), "1");
  const [version, body] = headers.get("Trackside-Context").split(".");
  assert.equal(version, "1");
  const { d, s } = JSON.parse(Buffer.from(body, "base64url"));
  assert.deepEqual([d, s], [amplitude.getDeviceId(), amplitude.getSessionId()]);
  assert.deepEqual(web.carry("https://elsewhere.example/", { method: "PUT" }), { method: "PUT" });
});

test("opting out stops the SDK, and is counted", async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  const before = web.stats();
  web.optOut();
  web.heartBeat();
  assert.deepEqual(await uploaded(), []);
  web.optOut(false);
  web.heartBeat();
  assert.equal((await uploaded()).length, 1);
  await new Promise((resolve) => setTimeout(resolve, 20)); // the SDK answers each call after the upload
  assert.equal(web.stats().dropped["code 0"], (before.dropped["code 0"] ?? 0) + 1);
  assert.equal(web.stats().sent, before.sent + 1);
});
