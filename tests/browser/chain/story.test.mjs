// One person's visit from the first page to the night after it: a browser and a server that tell one truth.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, person, start } from "./stack.mjs";

let browser;
let stack;
before(async () => ([browser, stack] = await Promise.all([launchBrowser(), start()])));
after(() => Promise.all([browser.close(), stack.close()]));

test("every event arrives once, with one device, one session and the first touch on both sides", async () => {
  const one = await person(browser, stack);
  await one.visit("/?utm_source=letter&utm_medium=mail").then((page) => page.close({ runBeforeUnload: true }));
  const page = await one.visit("/cart?utm_source=search");
  await page.evaluate(async () => {
    const { web } = window;
    const post = (path, body, copy) =>
      web.trackedFetch(path, { method: "POST", headers: copy?.headers, body: JSON.stringify(body) });
    web.pageViewed({ page: "cart" });
    const signup = web.signedUp.pending({ way: "mail" });
    await signup.settle(post("/accounts", { mail: "ada@stall.example", how: "accepted" }, signup));
    await post("/login", { user: "person-ada" });
    web.loggedIn(undefined, { userId: "person-ada" });
    for (const [path, order, event] of [
      ["/orders/declined", "ORD-1", web.orderPaid],
      ["/orders/accepted", "ORD-1", web.orderPaid],
      ["/orders/later", "ORD-2", web.orderCaptured],
    ]) {
      const copy = event.pending({ order, total: 1 });
      await copy.settle(post(path, { order }, copy));
    }
    web.counted({ run: "story", number: 1 });
    web.loggedOut();
  });
  await stack.ask("/webhook", { order: "ORD-2" });
  await stack.job("night");
  await one.settled(page);

  const events = await stack.destination.good();
  const system = events.filter((event) => event.event_type === "stock_counted");
  const told = events.filter((event) => event.event_type !== "stock_counted");
  assert.deepEqual(
    told.map(({ event_type: name, event_properties: { order = "" } }) => `${name} ${order}`.trim()).sort(),
    [
      "counted", "letter_written ORD-1", "letter_written ORD-2", "logged_in", "logged_out", "order_captured ORD-2",
      "order_paid ORD-1", "order_shipped ORD-1", "order_shipped ORD-2", "order_shipped ada@stall.example",
      "page_viewed", "signed_up",
    ],
  );
  const [{ device_id: device, session_id: session }] = told.filter((event) => event.event_type === "page_viewed");
  for (const event of told) {
    if (event.event_type !== "letter_written") assert.equal(event.device_id, device, event.event_type);
    assert.equal(event.session_id, session, event.event_type);
    // A keyed event goes by the ids that its plan names; others tell who was logged in as they were called.
    const isPersons = ["logged_in", "counted", "logged_out", "letter_written"].includes(event.event_type);
    assert.equal(event.user_id, isPersons ? "person-ada" : undefined, event.event_type);
  }
  for (const name of ["signed_up", "order_paid", "order_captured"]) {
    const [{ event_properties: properties, ingestion_metadata: by }] = told.filter((event) => event.event_type === name);
    assert.equal(by.source_name, "stall-chain/backend");
    assert.deepEqual([properties.initial_utm_source, properties.initial_utm_medium], ["letter", "mail"], name);
    assert.equal(properties.utm_source, "search");
  }
  assert.equal(system.length, 1);
  assert.equal(system[0].session_id, undefined);
  assert.deepEqual([await stack.destination.bad(), await stack.destination.duplicates()], [[], []]);
  await one.close();
});
