// What a person allows, on both sides: in the page and what it stores, in the server's own events, in its jobs.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launchBrowser, person, start } from "./stack.mjs";

const { WITHOUT_BROWSER } = process.env;

let browser;
let stack;
let one;
let page;
let asked;

before(async () => (browser = await launchBrowser()));
after(() => browser.close());
beforeEach(async () => {
  stack = await start();
  one = await person(browser, stack);
  asked = [];
  one.context.on("request", (request) => {
    const path = new URL(request.url()).pathname;
    if (request.method() === "POST") asked.push([path, request.headers()["trackside-context"]]);
  });
  page = await one.visit("/?utm_source=letter");
  await page.evaluate((user) => fetch("/login", { method: "POST", body: JSON.stringify({ user }) }).then(() => 0), "person-a");
});
afterEach(async () => {
  const bad = await stack.destination.bad();
  await one.close();
  await stack.close();
  assert.deepEqual(bad, []);
});

const choose = (analytics) => page.evaluate((analytics) => window.web.setConsent({ analytics, marketing: false }), analytics);
const count = (run, ...numbers) =>
  page.evaluate(([run, numbers]) => numbers.forEach((number) => window.web.counted({ run, number })), [run, numbers]);
const beat = (run) => page.evaluate((run) => void window.web.heartBeat({ run }), run);
/** Order with a copy. */
const pay = (order) =>
  page.evaluate(async (order) => {
    const copy = window.web.orderPaid.pending({ order, total: 1 });
    const init = { method: "POST", headers: copy.headers, body: JSON.stringify({ order }) };
    await copy.settle(window.web.trackedFetch("/orders/accepted", init));
  }, order);
/** What is kept of a person who refused: that, in localStorage and in the cookie. */
const REFUSAL = ["trackside", ["trackside", '{"c":[]}']];
/** What is kept in the browser: names in every storage, and what our cookie says. */
const kept = async () => {
  const names = await page.evaluate(async () => [
    ...Object.keys(localStorage),
    ...Object.keys(sessionStorage),
    ...(await indexedDB.databases()).map(({ name }) => name),
    ...(await caches.keys()),
  ]);
  const cookies = (await one.context.cookies()).filter(({ name }) => name !== "session");
  return [...names, ...cookies.map(({ name, value }) => [name, Buffer.from(value.slice(2), "base64url").toString()])];
};
/** What has arrived: event, and the number, order or run that it is about. */
const arrived = async () =>
  (await stack.destination.good())
    .map(({ event_type: name, event_properties: { number, order, run } }) => `${name} ${order ?? number ?? run}`)
    .sort();
const uploads = () => asked.filter(([path]) => path === "/t").length;
/** What the system tells of itself, where the plan lets it. */
const system = (run) => (WITHOUT_BROWSER === "deny" ? [] : [`stock_counted ${run}`]);

test("before a choice, and after a no: nothing is stored or sent, on either side, but what is necessary", async () => {
  await count("early", 1, 2);
  await pay("ORD-before");
  await page.evaluate(() => window.web.flush());
  await stack.delivered();
  assert.deepEqual([await arrived(), await kept(), uploads()], [[], [], 0]);
  const [[, header]] = asked.filter(([, header]) => header);
  assert.equal(Buffer.from(header.slice(2), "base64url").toString(), '{"c":[]}'); // names nobody
  assert.equal((await stack.ask("/state")).dropped.consent, 1);

  await choose(false);
  assert.deepEqual(await kept(), REFUSAL);
  await count("early", 3);
  await pay("ORD-no");
  await beat("early");
  await page.reload();
  await one.ready(page);
  await count("early", 4);
  await pay("ORD-still-no");
  await one.settled(page);
  assert.deepEqual(await arrived(), ["heart_beat early"]);
  assert.deepEqual(await kept(), REFUSAL);
  assert.equal((await stack.ask("/state")).dropped.consent, 3);

  // The jobs know the answer by what was stored with the orders.
  const { dropped } = await stack.job("night");
  await stack.delivered();
  assert.equal(dropped.consent, WITHOUT_BROWSER === "deny" ? 4 : 3);
  const letters = ["ORD-before", "ORD-no", "ORD-still-no"].map((order) => `letter_written ${order}`);
  assert.deepEqual(await arrived(), ["heart_beat early", ...letters, ...system("night")].sort());
});

test("granted later: what waited arrives, once, and from then on both sides tell", async () => {
  await count("later", 1, 2);
  await beat("later");
  await choose(true);
  await count("later", 3);
  await pay("ORD-yes");
  await one.settled(page);
  await stack.job("night");
  await one.settled(page);
  assert.deepEqual(
    await arrived(),
    ["heart_beat later", "counted 1", "counted 2", "counted 3", "order_paid ORD-yes", "order_shipped ORD-yes",
      "letter_written ORD-yes", ...system("night")].sort(),
  );
  const events = (await stack.destination.good()).filter(({ event_type: name }) => /counted|paid|shipped/.test(name) && !name.startsWith("stock"));
  assert.equal(new Set(events.map((event) => event.device_id)).size, 1);
  const [paid] = events.filter(({ event_type: name }) => name === "order_paid");
  assert.equal(paid.event_properties.initial_utm_source, "letter");
  assert.equal(paid.event_properties.total, 12.5);
  assert.deepEqual(await stack.destination.duplicates(), []);
});

test("withdrawn: what waits is forgotten, the server stops too, and jobs keep to what was said with the order", async () => {
  await choose(true);
  await count("over", 1);
  await pay("ORD-then");
  await one.settled(page);
  await one.context.setOffline(true);
  await count("over", 2, 3);
  await page.evaluate(() => void window.web.orderPaid.pending({ order: "ORD-open", total: 1 }));
  await choose(false);
  assert.deepEqual(await kept(), REFUSAL);
  await one.context.setOffline(false);
  await pay("ORD-now");
  await count("over", 4);
  await page.evaluate(() => window.web.flush());
  await one.settled(page);
  assert.deepEqual(await arrived(), ["counted 1", "order_paid ORD-then"]);
  await stack.job("night");
  await stack.delivered();
  const jobs = ["letter_written ORD-then", "letter_written ORD-now", "order_shipped ORD-then", ...system("night")];
  assert.deepEqual(await arrived(), ["counted 1", "order_paid ORD-then", ...jobs].sort());
});
