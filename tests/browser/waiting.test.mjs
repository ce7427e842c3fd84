// What waits in the browser: how long, how much of it, and in what words it goes out.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { launchBrowser, person } from "./person.mjs";
import { start, until } from "./site.mjs";

const { ROOT, SHOP } = process.env;
const HOUR = 3_600_000;

let browser;
let site;
let one;

before(async () => (browser = await launchBrowser()));
after(() => browser.close());
beforeEach(async () => {
  site = await start();
  one = await person(browser, site);
});
afterEach(async () => {
  await one.close();
  site.close();
});

const stats = (page) => page.evaluate(() => window.web.stats());
const flush = (page) => page.evaluate(() => window.web.flush());
/** Let the clock of the pages that come be ahead by so much more. */
const ahead = (ms) =>
  one.context.addInitScript((ms) => {
    const { now } = Date;
    Date.now = () => now() + ms;
  }, ms);

test("what has a key dies a day before its key does, and is counted; what has none waits on", async () => {
  site.faults = Array(100).fill("reset");
  const page = await one.visit();
  await page.evaluate(() => {
    window.web.levelReached({ level: 1 });
    window.web.counted({ number: 1 });
    window.web.orderPaid.pending({ order_id: "ORD-1" });
  });
  await one.leave(page);
  await ahead(6 * 24 * HOUR - HOUR);
  const late = await one.visit();
  await flush(late);
  assert.deepEqual([(await stats(late)).waiting, (await stats(late)).dropped], [3, {}]);
  await one.leave(late);
  await ahead(HOUR + 1000);
  const last = await one.visit();
  site.faults = [];
  await flush(last);
  await until(() => site.taken().length === 1, "what has no key");
  const { waiting, sent, dropped } = await stats(last);
  assert.deepEqual([waiting, sent, dropped], [0, 1, { too_old: 2 }]);
  assert.equal(site.taken()[0].event_type, "counted");
});

test("a thousand events wait: of more, the oldest go and are counted; over reloads too", async () => {
  site.faults = Array(100).fill("reset");
  const page = await one.visit();
  const count = (from, to) =>
    page.evaluate(
      ([from, to]) => {
        for (let number = from; number < to; number++) window.web.counted({ number });
      },
      [from, to],
    );
  await count(0, 1220);
  const before = await stats(page);
  assert.equal(before.dropped.queue + before.waiting, 1220);
  await page.reload();
  await one.ready(page);
  await count(1220, 1280);
  const { waiting, dropped } = await stats(page);
  assert.equal(before.dropped.queue + dropped.queue + waiting, 1280);
  // The queue is measured at every hundredth event.
  assert.ok(waiting > 900 && waiting <= 1000, String(waiting));
  site.faults = [];
  await flush(page);
  await until(async () => (await stats(page)).waiting === 0, "an empty queue");
  const numbers = site.counted().map((event) => event.event_properties.number);
  assert.deepEqual(numbers, [...Array(waiting).keys()].map((number) => 1280 - waiting + number));
});

describe("a clock that is set while events wait", () => {
  beforeEach(() =>
    one.context.addInitScript(() => {
      const { now } = Date;
      window.set = (ms) => localStorage.setItem("wrong", ms);
      Date.now = () => now() + +localStorage.getItem("wrong");
    }),
  );
  const set = (page, ms) => page.evaluate((ms) => window.set(ms), ms);
  const count = (page, number) => page.evaluate((number) => void window.web.counted({ number }), number);
  /** Tell how long before the sending an event was called, as the endpoint reads it. */
  const ages = () =>
    site.uploads
      .filter(({ status }) => status === 200)
      .flatMap(({ body }) => body.events.map((event) => [event.event_properties.number, body.sent_at - event.time]));
  const areRight = (since, numbers) => {
    assert.deepEqual(ages().map(([number]) => number).sort(), numbers);
    for (const [number, age] of ages()) assert.ok(age > -1000 && age < Date.now() - since + 1000, `${number}: ${age} ms`);
  };

  test("back, and the page is loaded anew: what it had called has its time, and goes when it is due", async () => {
    site.faults = Array(100).fill("reset");
    await one.visit().then((page) => set(page, 48 * HOUR));
    const page = await one.visit();
    const since = Date.now();
    await count(page, 1);
    await page.evaluate(() => {
      window.web.seatHeld.pending({ seat: "A1" }).settle(new TypeError("no answer"));
      window.web.tableBooked({ booked_for: "2031-01-31T12:00:00Z" });
    });
    await set(page, 0); // and nothing is called, nothing is sent before the page goes
    await page.reload();
    await one.ready(page);
    await count(page, 2);
    site.faults = [];
    await flush(page);
    await until(async () => (await stats(page)).waiting === 0, "all of it, the copy after its grace", 15_000);
    const booked = site.counted().find((event) => event.event_type === "table_booked");
    assert.equal(booked.time, Date.UTC(2031, 0, 31, 12)); // its own, which no clock has told
    for (const { body } of site.uploads) body.events = body.events.filter((event) => event !== booked && event.event_type !== "table_booked");
    areRight(since, [1, 2, undefined]);
  });

  test("back, and another tab sends", async () => {
    site.faults = Array(100).fill("reset");
    const [first, second] = [await one.visit(), await one.visit()];
    const since = Date.now();
    await count(first, 1);
    await count(second, 2);
    await set(first, -3 * HOUR);
    await count(first, 3); // the tab hears of it
    await until(() => second.evaluate(() => Date.now() < performance.timeOrigin), "the clock of the other tab");
    site.faults = [];
    await flush(second);
    await until(async () => (await stats(second)).waiting === 0, "all");
    areRight(since, [1, 2, 3]);
  });

  test("ahead: the computer may have slept, and what was called stays where it was", async () => {
    site.faults = Array(100).fill("reset");
    const page = await one.visit();
    const since = Date.now();
    await count(page, 1);
    await set(page, HOUR);
    await count(page, 2);
    await set(page, 0); // back from there: the second alone was called by that clock
    await page.reload();
    await one.ready(page);
    site.faults = [];
    await flush(page);
    await until(async () => (await stats(page)).waiting === 0, "both");
    areRight(since, [1, 2]);
  });
});

test("without storage, an endpoint that is away costs nothing", async () => {
  await one.context.addInitScript(() => {
    const blocked = () => {
      throw new DOMException("blocked", "SecurityError");
    };
    for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { get: blocked });
    Object.defineProperty(Document.prototype, "cookie", { get: blocked, set: blocked });
  });
  site.faults = [500, "reset", 429, 503];
  const page = await one.visit();
  await page.evaluate(() => {
    for (let number = 0; number < 300; number++) window.web.counted({ number });
    window.web.seatHeld.pending({ seat: "A1" }).settle(new TypeError("no answer"));
  });
  await until(() => site.faults.length === 0, "the end of the trouble", 30_000);
  await until(async () => (await stats(page)).waiting === 0, "an empty queue", 30_000);
  const events = site.counted();
  assert.deepEqual(events.map((event) => event.event_properties.number ?? -1).sort((a, b) => a - b), [...Array(301).keys()].map((number) => number - 1));
  assert.equal(new Set(events.map((event) => event.device_id + event.session_id)).size, 1);
  assert.deepEqual((await stats(page)).dropped, {});
});

test("a page writes the upload of the vectors, and takes its answer", async () => {
  const { request, answer } = JSON.parse(await readFile(`${ROOT}/tests/wire/upload.json`, "utf8")).upload;
  const [viewed, paid] = request.body.events;
  const { device_id: d, session_id: s, time, trackside } = viewed;
  site.close();
  site = await start(SHOP);
  await one.close();
  one = await person(browser, site);
  const visit = Buffer.from(JSON.stringify({ d, s, t: time, c: trackside.consent, w: trackside.who })).toString("base64url");
  await one.context.addCookies([{ name: "trackside", value: `1.${visit}`, url: site.origin }]);
  await one.context.addInitScript((time) => {
    window.clock = time;
    Date.now = () => window.clock;
  }, time);
  /** @type {any} */
  let given;
  await one.context.route("**/t", (route) => {
    given = { headers: route.request().headers(), body: route.request().postDataJSON() };
    return route.fulfill({ json: answer });
  });
  const page = await one.visit();
  await page.evaluate(
    ([viewed, paid, after]) => {
      window.web.pageViewed(viewed);
      window.web.purchaseCompleted.pending(paid).settle(new TypeError("no answer"));
      window.clock += after;
      return window.web.flush();
    },
    [viewed.event_properties, paid.event_properties, 130_000], // the copy's grace is over
  );
  assert.equal(given.headers["content-type"].toLowerCase(), request.headers["content-type"].toLowerCase());
  const events = given.body.events.toSorted((a, b) => a.event_type.localeCompare(b.event_type));
  assert.match(events[0].insert_id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  events[0].insert_id = viewed.insert_id; // a random one, as it has no key
  assert.deepEqual({ ...given.body, events }, { ...request.body, sent_at: time + 130_000 });
  const { waiting, sent, dropped } = await stats(page);
  assert.deepEqual([waiting, sent, dropped], [0, 1, { confirmed: 1 }]);
});
