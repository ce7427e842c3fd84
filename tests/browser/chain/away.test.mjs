// What a network, a clock, a person or a blocker does between the call of an event and its arrival: nothing gets lost,
// nothing comes twice, nothing changes hands, and every time is right.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { launchBrowser, person, start, until } from "./stack.mjs";

let browser;
let stack;
let one;

before(async () => ([browser, stack] = await Promise.all([launchBrowser(), start()])));
after(async () => {
  const bad = await stack.destination.bad();
  await Promise.all([browser.close(), stack.close()]);
  assert.deepEqual(bad, []);
});
beforeEach(async () => (one = await person(browser, stack)));
afterEach(() => one.close());

const count = (page, run, from, to) =>
  page.evaluate(
    ([run, from, to]) => {
      for (let number = from; number < to; number++) window.web.counted({ run, number });
    },
    [run, from, to],
  );
const counted = async (run) =>
  (await stack.destination.good()).filter((event) => event.event_properties?.run === run);
const numbers = async (run) => (await counted(run)).map((event) => event.event_properties.number);
const pay = (page, order) =>
  page.evaluate((order) => {
    const copy = window.web.orderPaid.pending({ order, total: 1 });
    const init = { method: "POST", headers: copy.headers, body: JSON.stringify({ order }) };
    return copy.settle(window.web.trackedFetch("/orders/accepted", init)).then(
      () => copy.insertId,
      () => copy.insertId,
    );
  }, order);
const paid = async (order) =>
  (await stack.destination.good()).filter((event) => event.event_properties?.order === order);

/** Keep what the browser has loaded, as its cache or a service worker would; without a network it is all there is. */
const installed = async ({ context, line }) => {
  const kept = new Map();
  await context.route(`${line.origin}/**`, async (route) => {
    const url = route.request().url();
    if (route.request().method() !== "GET") return route.continue();
    if (!kept.has(url)) {
      const answer = await route.fetch();
      kept.set(url, { status: answer.status(), headers: answer.headers(), body: await answer.body() });
    }
    return route.fulfill(kept.get(url));
  });
};

test("two hundred events without a network, two reloads, two tabs: each once, in order", async () => {
  await installed(one);
  const [first, second] = [await one.visit(), await one.visit()];
  await one.context.setOffline(true);
  await count(first, "away", 0, 40);
  await count(second, "away", 1000, 1050);
  for (const [page, from, to] of [
    [first, 40, 70],
    [second, 1050, 1100],
    [first, 70, 100],
  ]) {
    await page.reload();
    await one.ready(page);
    await count(page, "away", from, to);
  }
  assert.equal(await one.waiting(first), 200);
  assert.deepEqual(await numbers("away"), []);
  await one.context.setOffline(false);
  await one.settled(first);
  const found = await numbers("away");
  assert.equal(found.length, 200);
  assert.deepEqual(found.filter((number) => number < 1000), [...Array(100).keys()]);
  assert.deepEqual(found.filter((number) => number >= 1000), [...Array(100).keys()].map((number) => number + 1000));
  const events = await counted("away");
  assert.equal(new Set(events.map((event) => event.device_id)).size, 1);
  assert.equal(new Set(events.map((event) => event.session_id)).size, 1);
});

test("A logs out without a network and B logs in: no event changes hands", async () => {
  const page = await one.visit();
  const login = (user) =>
    page.evaluate((user) => fetch("/login", { method: "POST", body: JSON.stringify({ user }) }).then(() => 0), user);
  const at = async (user) => page.evaluate((user) => void window.web.loggedIn(undefined, { userId: user }), user);
  await login("person-a");
  await at("person-a");
  await count(page, "hands", 0, 1);
  await one.settled(page);
  await one.context.setOffline(true);
  await count(page, "hands", 1, 2);
  await page.evaluate(() => void window.web.loggedOut());
  await count(page, "hands", 2, 3);
  await at("person-b");
  await count(page, "hands", 3, 4);
  // The session of the server is B's before anything of what waits goes out.
  await one.context.route("**/t", (route) => route.abort());
  await one.context.setOffline(false);
  await login("person-b");
  await one.context.unroute("**/t");
  await page.evaluate(() => window.web.flush());
  await one.settled(page);
  const found = (await counted("hands")).sort((a, b) => a.event_properties.number - b.event_properties.number);
  const [a, , none, b] = found;
  assert.deepEqual(
    found.map((event) => [event.user_id, event.device_id]),
    [
      ["person-a", a.device_id],
      [undefined, a.device_id],
      [undefined, none.device_id],
      ["person-b", b.device_id],
    ],
  );
  assert.notEqual(a.device_id, b.device_id);
  assert.equal(none.device_id, b.device_id);
});

describe("clocks", () => {
  /** Let a page's clock be wrong by so many ms, over all of its loads, until `step` moves it. */
  const wrong = (ms) =>
    one.context.addInitScript((ms) => {
      const { now } = Date;
      window.wrong = +(sessionStorage.getItem("wrong") ?? ms);
      window.step = (by) => sessionStorage.setItem("wrong", (window.wrong += by));
      Date.now = () => now() + window.wrong;
    }, ms);
  const isRight = (time, [from, to], what) =>
    assert.ok(time >= from - 1000 && time <= to + 1000, `${what}: ${time - from} ms off`);
  const timed = async (happens) => {
    const from = Date.now();
    await happens();
    return [from, Date.now()];
  };
  const HOUR = 3_600_000;

  for (const [name, ms] of [
    ["3 h slow", -3 * HOUR],
    ["2 days fast", 48 * HOUR],
  ])
    test(name, async () => {
      await wrong(ms);
      const page = await one.visit();
      const [order, late] = [`ORD${ms}`, `LATE${ms}`];
      const spans = [await timed(() => count(page, name, 0, 1))];
      const bought = await timed(() => pay(page, order));
      await one.context.setOffline(true);
      spans.push(await timed(() => count(page, name, 1, 2)));
      await one.context.setOffline(false);
      one.line.mode = "swallow";
      const asked = await timed(() => pay(page, late));
      one.line.pass();
      spans.push(await timed(() => count(page, name, 2, 3)));
      await one.settled(page);
      const found = await counted(name);
      assert.equal(found.length, 3);
      found.forEach((event) => isRight(event.time, spans[event.event_properties.number], "an event of the page"));
      assert.equal(new Set(found.map((event) => event.session_id)).size, 1);
      for (const [number, span] of [
        [order, bought],
        [late, asked],
      ]) {
        const events = await paid(number);
        assert.deepEqual(events.map((event) => event.event_properties.total), [12.5]);
        assert.equal(events[0].device_id, found[0].device_id);
        isRight(events[0].time, span, "an event of the server");
      }
    });

  test("stepping back while events wait", async () => {
    await wrong(0);
    const page = await one.visit();
    await count(page, "back", 0, 1);
    await one.settled(page);
    await one.context.setOffline(true);
    const spans = [undefined, await timed(() => count(page, "back", 1, 2))];
    await page.evaluate((ms) => window.step(ms), -HOUR);
    spans.push(await timed(() => count(page, "back", 2, 3)));
    await page.evaluate((ms) => window.step(ms), -HOUR);
    spans.push(await timed(() => count(page, "back", 3, 4)));
    await one.context.setOffline(false);
    await one.settled(page);
    const found = await counted("back");
    assert.deepEqual(found.map((event) => event.event_properties.number), [0, 1, 2, 3]);
    for (const { time, event_properties: { number } } of found.slice(1)) isRight(time, spans[number], `event ${number}`);
    assert.equal(new Set(found.map((event) => event.session_id)).size, 1);
  });
});

describe("reset() and lost cookies", () => {
  const lose = async (page) => {
    await one.context.clearCookies();
    await page.evaluate(() => {
      localStorage.removeItem("trackside");
      window.web.reset();
    });
  };

  test("events keep the device of their call, and come once", async () => {
    const page = await one.visit();
    await count(page, "lost", 0, 1);
    await one.settled(page);
    await one.context.setOffline(true);
    await count(page, "lost", 1, 4);
    await lose(page);
    await count(page, "lost", 4, 5);
    await one.context.setOffline(false);
    await one.settled(page);
    const found = await counted("lost");
    const devices = found.map((event) => event.device_id);
    assert.deepEqual(found.map((event) => event.event_properties.number), [0, 1, 2, 3, 4]);
    assert.deepEqual(devices.slice(0, 4), Array(4).fill(devices[0]));
    assert.notEqual(devices[4], devices[0]);
  });

  test("between a request and the question what became of it", async () => {
    const page = await one.visit();
    one.line.mode = "swallow";
    await pay(page, "ORD-reset-after");
    await lose(page);
    one.line.pass();
    await one.settled(page);
    assert.deepEqual((await paid("ORD-reset-after")).map((event) => event.event_properties.total), [12.5]);
  });

  test("between a copy and its request: the server's event has another device, and is the only one", async () => {
    const page = await one.visit();
    const order = "ORD-reset-before";
    await page.evaluate((order) => void (window.copy = window.web.orderPaid.pending({ order, total: 1 })), order);
    await lose(page);
    one.line.mode = "swallow";
    await page.evaluate(async (order) => {
      const init = { method: "POST", headers: window.copy.headers, body: JSON.stringify({ order }) };
      await window.copy.settle(window.web.trackedFetch("/orders/accepted", init)).catch(() => undefined);
    }, order);
    one.line.pass();
    await one.settled(page);
    assert.deepEqual((await paid(order)).map((event) => event.event_properties.total), [12.5]);
  });
});

test("a blocker of the vendor's hosts blocks nothing", async () => {
  const blocked = [];
  const asked = new Set();
  await one.context.route(/amplitude|analytics|segment|collect\b/i, (route) => {
    blocked.push(route.request().url());
    return route.abort();
  });
  one.context.on("request", (request) => asked.add(new URL(request.url()).origin));
  const page = await one.visit("/?utm_source=letter");
  await page.evaluate(() => void window.web.pageViewed({ page: "blocked" }));
  await count(page, "blocked", 0, 20);
  await pay(page, "ORD-blocked");
  await one.settled(page);
  assert.deepEqual(await numbers("blocked"), [...Array(20).keys()]);
  assert.equal((await paid("ORD-blocked")).length, 1);
  assert.deepEqual([blocked, [...asked].filter((origin) => origin.startsWith("http"))], [[], [one.line.origin]]);
});
