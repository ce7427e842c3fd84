// The generated modules in a real browser, under a strict Content-Security-Policy: tabs, reloads, no network, no storage.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { start, until } from "./site.mjs";

const { chromium } = createRequire(process.env.NODE_PATH + "/")("playwright-core");

let browser;
let context;
let site;
let complaints;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
});
after(() => browser.close());

beforeEach(async () => {
  site = await start();
  context = await browser.newContext();
  complaints = [];
});
afterEach(async () => {
  await context.close();
  site.close();
  assert.deepEqual(complaints, []);
});

/** Open a page of the site and wait until its script has run. */
const visit = async (path = "/", options = {}) => {
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(site.origin + path, options);
  await page.waitForFunction(() => document.title === "Ready");
  return page;
};
const ready = (page) => page.waitForFunction(() => document.title === "Ready");
const count = (page, from, to) =>
  page.evaluate(
    ([start, end]) => {
      for (let number = start; number < end; number++) window.web.counted({ number });
    },
    [from, to],
  );
const waiting = (page) => page.evaluate(() => window.web.stats().waiting);
const stored = (page) => page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("trackside")));
const numbers = () => site.counted().map((event) => event.event_properties.number);
const cookies = async () => (await context.cookies()).filter(({ name }) => name === "trackside");
const pending = (page, order = "ORD-1") =>
  page.evaluate((order_id) => {
    window.copy = window.web.orderPaid.pending({ order_id });
    return window.copy.insertId;
  }, order);

test("an event arrives under the ids that the cookie tells the server", async () => {
  const page = await visit("/?utm_source=letter");
  await page.evaluate(() => window.web.pageViewed({ page: "home" }));
  await until(() => site.taken().length === 1, "the event");
  const [{ body, type }] = site.uploads;
  assert.equal(type, "text/plain;charset=UTF-8");
  assert.equal(body.trackside, 1);
  assert.ok(Math.abs(body.sent_at - Date.now()) < 5000);
  const [event] = body.events;
  const [{ value }] = await cookies();
  const members = JSON.parse(Buffer.from(value.slice(2), "base64url"));
  assert.deepEqual([event.device_id, event.session_id], [members.d, members.s]);
  assert.deepEqual(members.a, { utm_source: "letter", initial_utm_source: "letter" });
  assert.deepEqual(event.trackside, { consent: ["analytics", "marketing"] });
  assert.equal(await waiting(page), 0);
  assert.equal(await page.evaluate(() => window.web.stats().sent), 1);
});

test("two hundred events without a network, two reloads, two tabs: each once, in order", async () => {
  const first = await visit();
  const second = await visit();
  await context.setOffline(true);
  await count(first, 0, 60);
  await count(second, 1000, 1100);
  site.faults = Array(40).fill("reset");
  await context.setOffline(false);
  await first.reload();
  await ready(first);
  await count(first, 60, 80);
  await first.reload();
  await ready(first);
  await count(first, 80, 100);
  assert.ok((await waiting(first)) >= 200);
  site.faults = [];
  await first.evaluate(() => window.web.flush());
  await until(() => site.counted().length === 200, "all events");
  const found = numbers();
  const ofFirst = found.filter((number) => number < 1000);
  const ofSecond = found.filter((number) => number >= 1000);
  assert.deepEqual(ofFirst, [...Array(100).keys()]);
  assert.deepEqual(ofSecond, [...Array(100).keys()].map((number) => number + 1000));
  assert.ok(site.uploads.filter(({ status }) => status === 200).length <= 6);
  await until(async () => (await waiting(first)) === 0, "an empty queue");
  assert.equal(new Set(site.counted().map((event) => event.device_id)).size, 1);
  assert.equal(new Set(site.counted().map((event) => event.session_id)).size, 1);
});

test("what is called as a page goes is sent as it goes, or by the next one", async () => {
  const page = await visit();
  await page.evaluate(() => {
    addEventListener("pagehide", () => window.web.counted({ number: 2 }), { capture: true });
    window.web.counted({ number: 1 });
    location.assign("/next");
  });
  await ready(page);
  await until(() => site.counted().length === 2, "both events");
  const again = await visit();
  await again.evaluate(() => window.web.counted({ number: 3 }));
  await again.close({ runBeforeUnload: true });
  await until(() => site.counted().length === 3, "the last event, of a tab that closed");
});

test("without storage it works, as long as the page lives", async () => {
  await context.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage"])
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException("blocked", "SecurityError");
        },
      });
    Object.defineProperty(Document.prototype, "cookie", {
      get() {
        throw new DOMException("blocked", "SecurityError");
      },
      set() {
        throw new DOMException("blocked", "SecurityError");
      },
    });
  });
  const page = await visit();
  await count(page, 0, 3);
  await until(() => site.taken().length === 3, "the events");
  assert.equal(new Set(site.taken().map((event) => event.device_id + event.session_id)).size, 1);
  const id = await pending(page);
  await page.evaluate(async (id) => {
    await window.copy.settle(window.web.trackedFetch(`/api/confirmed/${id}`, { method: "POST" }));
  }, id);
  assert.equal(await waiting(page), 0);
  const request = site.requests.find(({ path }) => path.startsWith("/api/"));
  const { d } = JSON.parse(Buffer.from(request.headers["trackside-context"].slice(2), "base64url"));
  assert.equal(d, site.taken()[0].device_id);
});

test("A logs out without a network and B logs in: no event changes hands", async () => {
  const page = await visit();
  await page.evaluate(() => window.web.loggedIn(undefined, { userId: "person-a" }));
  await until(() => site.counted().length === 1, "the login");
  site.faults = Array(40).fill("reset");
  await page.evaluate(() => {
    window.web.counted({ number: 1 });
    window.web.loggedOut();
    window.web.counted({ number: 2 });
    window.web.loggedIn(undefined, { userId: "person-b" });
    window.web.counted({ number: 3 });
  });
  await page.reload();
  await ready(page);
  await page.evaluate(() => window.web.counted({ number: 4 }));
  site.faults = [];
  await page.evaluate(() => window.web.flush());
  await until(() => site.counted().length === 7, "all");
  const found = site.counted().map((event) => [event.event_properties.number, event.trackside.who, event.device_id]);
  const [[, a, device]] = found;
  const [, , , , [, b, other]] = found;
  assert.ok(a && b && a !== b && device !== other);
  assert.deepEqual(found, [
    [undefined, a, device],
    [1, a, device],
    [undefined, a, device],
    [2, undefined, other],
    [undefined, b, other],
    [3, b, other],
    [4, b, other],
  ]);
});

test("the endpoint's troubles and a proxy's lose nothing, and a batch that the endpoint cannot read is counted", async () => {
  const page = await visit();
  site.faults = [500, 429, "reset"];
  await count(page, 0, 5);
  await until(() => site.counted().length === 5, "the events", 15_000);
  site.faults = [413];
  await count(page, 5, 9);
  await until(() => site.counted().length === 9, "the halves");
  site.faults = ["proxy", "proxy"];
  await count(page, 9, 12);
  await until(() => site.counted().length === 12, "what somebody between could not read", 15_000);
  assert.deepEqual((await page.evaluate(() => window.web.stats())).dropped, {});
  site.faults = [400];
  await count(page, 12, 13);
  await until(async () => (await page.evaluate(() => window.web.stats().dropped["code 400"])) === 1, "the count");
  assert.equal(await waiting(page), 0);
});

// --- consent ---

test("refused: nothing stays and nothing goes, but what is necessary", async () => {
  const page = await visit();
  await count(page, 0, 1);
  await until(async () => site.taken().length === 1 && (await waiting(page)) === 0, "the first");
  await page.evaluate(() => window.web.orderPaid.pending({ order_id: "ORD-9" }));
  site.faults = ["reset", "reset"];
  await count(page, 1, 3);
  await page.evaluate(() => window.web.setConsent({ analytics: false, marketing: false }));
  assert.deepEqual(await stored(page), ["trackside"]); // which names nobody
  assert.equal(await page.evaluate(() => atob(localStorage.trackside.slice(2))), '{"c":[]}');
  const [{ value }] = await cookies();
  assert.deepEqual(JSON.parse(Buffer.from(value.slice(2), "base64url")), { c: [] });
  const { dropped } = await page.evaluate(() => window.web.stats());
  assert.equal(dropped.consent, 3);
  await page.evaluate(() => window.web.counted({ number: 7 }));
  site.faults = [];
  await page.reload();
  await ready(page);
  await page.evaluate(() => [window.web.counted({ number: 8 }), window.web.heartBeat(), window.web.flush()]);
  await until(() => site.taken().length === 2, "what is necessary");
  assert.deepEqual(
    site.taken().map((event) => event.event_type),
    ["counted", "heart_beat"],
  );
  assert.deepEqual(await stored(page), ["trackside"]);
  await page.evaluate(() => window.web.setConsent({ analytics: true }));
  await count(page, 9, 10);
  await until(() => site.taken().length === 3, "what is allowed again");
  assert.notEqual(site.taken()[2].device_id, site.taken()[0].device_id);
});

test("before the choice nothing is stored or sent; a yes sends what waited, with the ids of its call, and is remembered", async () => {
  site.close();
  site = await start(process.env.DENIED);
  const page = await visit("/?utm_source=letter");
  await page.evaluate(() => {
    window.web.counted({ number: 1 });
    window.order = window.web.orderPaid.pending({ order_id: "ORD-1" });
  });
  assert.deepEqual([await stored(page), await cookies(), site.uploads], [[], [], []]);
  const carried = await page.evaluate(() => window.web.carry("/api").headers.get("Trackside-Context"));
  assert.deepEqual(JSON.parse(Buffer.from(carried.slice(2), "base64url")), { c: [] });
  await page.evaluate(() => window.web.setConsent({ analytics: true }));
  assert.equal((await stored(page)).filter((key) => key.startsWith("trackside.browser-tests/web.c.")).length, 1);
  await until(() => site.taken().length === 1, "what waited");
  const [{ value }] = await cookies();
  const { d, a, c } = JSON.parse(Buffer.from(value.slice(2), "base64url"));
  assert.deepEqual([d, a.utm_source, c], [site.taken()[0].device_id, "letter", ["analytics"]]);
  await page.evaluate(() => window.order.drop());
  await page.reload();
  await ready(page);
  await count(page, 2, 3);
  await until(() => site.taken().length === 2, "an event of the next page");
  assert.equal(site.taken()[1].device_id, d);
});

test("opting out refuses both categories, and can be taken back; a choice is of the person, not of the page", async () => {
  const page = await visit();
  await count(page, 0, 1);
  await until(() => site.taken().length === 1, "the first");
  await page.evaluate(() => window.web.optOut());
  const said = async () => JSON.parse(Buffer.from((await cookies())[0].value.slice(2), "base64url"));
  assert.deepEqual(await said(), { c: [] });
  const tryAll = () =>
    page.evaluate(() => {
      const { counted, offerSeen, heartBeat, flush } = window.web;
      const accepted = [counted({ number: 1 }), offerSeen(), heartBeat()].map((receipt) => receipt.accepted);
      return flush().then(() => accepted);
    });
  assert.deepEqual(await tryAll(), [false, false, true]);
  await page.reload();
  await ready(page);
  assert.deepEqual(await tryAll(), [false, false, true]);
  assert.deepEqual(site.taken().map((event) => event.event_type), ["counted", "heart_beat", "heart_beat"]);
  await page.evaluate(() => window.web.optOut(false));
  assert.deepEqual(await tryAll(), [true, true, true]);
  assert.equal((await said()).c, undefined);
});

// --- copies ---

const settle = (page, path, order) =>
  page.evaluate(
    async ([path, order_id]) => {
      const copy = window.web.orderPaid.pending({ order_id });
      const stored = Object.keys(localStorage).some((key) => key.endsWith(copy.insertId));
      const init = { method: "POST", headers: copy.headers };
      await copy.settle(window.web.trackedFetch(path.replace("ID", copy.insertId), init)).catch(() => undefined);
      return stored;
    },
    [path, order],
  );

test("a copy that is confirmed or refused is gone", async () => {
  const page = await visit();
  for (const path of ["/api/confirmed/ID", "/api/refused", "/api/none"]) {
    assert.equal(await settle(page, path, "ORD-1"), true);
    assert.equal(await waiting(page), 0, path);
  }
  assert.deepEqual(await page.evaluate(() => window.web.stats().dropped), { confirmed: 1, refused: 2 });
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.deepEqual(site.taken(), []);
});

test("a copy of which nobody said anything goes to the endpoint after its grace", async () => {
  const page = await visit();
  const from = Date.now();
  await settle(page, "/api/silent", "ORD-1");
  await settle(page, "/api/never", "ORD-2");
  await until(() => site.taken().length === 2, "the copies");
  assert.ok(Date.now() - from >= 1900);
  assert.deepEqual(
    site.taken().map((event) => [event.event_properties.order_id, event.trackside.copy, event.trackside.who]).sort(),
    [
      ["ORD-1", "unconfirmed", undefined],
      ["ORD-2", "unknown", undefined],
    ],
  );
  await until(async () => (await waiting(page)) === 0, "the end of the copies");
});

test("a form's answer confirms by a cookie, on the next page", async () => {
  const page = await visit();
  const id = await pending(page);
  await page.goto(`${site.origin}/api/redirect/${id}`);
  await ready(page);
  await until(async () => (await waiting(page)) === 0, "the end of the copy");
  assert.deepEqual(await page.evaluate(() => window.web.stats().dropped), { confirmed: 1 });
});

test("a tab that closes before the answer leaves its copy to the next visit; what the server has is dropped", async () => {
  const page = await visit();
  const [lost, had, late] = [await pending(page, "ORD-1"), await pending(page, "ORD-2"), await pending(page, "ORD-3")];
  site.known.add(had);
  site.later.add(late);
  await page.close({ runBeforeUnload: true });
  const next = await visit();
  assert.equal(await waiting(next), 3);
  await until(async () => (await waiting(next)) === 1, "the endpoint's answer");
  assert.deepEqual(
    site.taken().map((event) => [event.insert_id, event.trackside.copy]).sort(),
    [lost, had, late].map((id) => [id, "unknown"]).sort(),
  );
  assert.deepEqual((await stored(next)).filter((key) => key.endsWith(late)).length, 1);
  assert.equal(await next.evaluate(() => window.web.stats().dropped.confirmed), 1);
});

test("two tabs hold one copy of one fact, and see each other's confirmation", async () => {
  const [first, second] = [await visit(), await visit()];
  const id = await pending(first);
  assert.equal(await pending(second), id);
  await first.evaluate(
    (id) => window.copy.settle(window.web.trackedFetch(`/api/confirmed/${id}`, { method: "POST" })).then(() => 0),
    id,
  );
  // What a tab removes, tabs of other processes see a moment later.
  await until(async () => (await waiting(second)) === 0, "the other tab's word");
  await second.evaluate(() => void window.copy.settle(new TypeError("no answer")));
  await new Promise((resolve) => setTimeout(resolve, 3000));
  assert.deepEqual(site.taken(), []);
  assert.equal(await waiting(second), 0);
});

test("a request that takes its time keeps its copy from other tabs", async () => {
  const [first, second] = [await visit(), await visit()];
  await pending(first);
  await first.evaluate(() => void window.copy.settle(window.web.trackedFetch("/api/hang")).catch(() => undefined));
  await new Promise((resolve) => setTimeout(resolve, 2500));
  await second.evaluate(() => window.web.flush());
  assert.deepEqual(site.taken(), []);
});

// --- where a person came from ---

test("a direct visit overwrites nothing, and the first touch stays the first", async () => {
  const members = async () => JSON.parse(Buffer.from((await cookies())[0].value.slice(2), "base64url")).a;
  await visit("/?utm_source=one&utm_medium=letter", { referer: "https://search.example/find?q=secret" });
  assert.deepEqual(await members(), {
    utm_source: "one",
    utm_medium: "letter",
    referrer: "https://search.example/find",
    initial_utm_source: "one",
    initial_utm_medium: "letter",
    initial_referrer: "https://search.example/find",
  });
  await visit("/direct");
  assert.equal((await members()).utm_source, "one");
  await visit("/?utm_source=two");
  assert.deepEqual(await members(), {
    utm_source: "two",
    initial_utm_source: "one",
    initial_utm_medium: "letter",
    initial_referrer: "https://search.example/find",
  });
});

// --- clocks and turns ---

test("a clock that is set back while events wait moves them with it, and splits no session", async () => {
  const page = await visit();
  site.faults = Array(20).fill("reset");
  await count(page, 0, 2);
  await page.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() - 3 * 3_600_000;
    window.web.counted({ number: 2 });
  });
  site.faults = [];
  await page.evaluate(() => window.web.flush());
  await until(() => site.counted().length === 3, "all");
  const { body } = site.uploads.find(({ status }) => status === 200);
  assert.ok(Math.abs(body.sent_at - Date.now() + 3 * 3_600_000) < 5000);
  for (const event of body.events) assert.ok(Math.abs(event.time - body.sent_at) < 5000, String(event.time));
  assert.equal(new Set(body.events.map((event) => event.session_id)).size, 1);
});

test("tabs without locks take turns by a lease", async () => {
  await context.addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { value: undefined }));
  const [first, second] = [await visit(), await visit()];
  await Promise.all([count(first, 0, 40), count(second, 1000, 1040)]);
  await until(() => site.counted().length === 80, "all");
  await until(async () => (await waiting(first)) === 0, "an empty queue");
  const found = numbers();
  assert.deepEqual(found.filter((number) => number < 1000), [...Array(40).keys()]);
});

test("a session ends after its timeout, for all tabs at once", async () => {
  const [first, second] = [await visit(), await visit()];
  await count(first, 0, 1);
  await until(() => site.taken().length === 1, "the first");
  for (const page of [first, second])
    await page.evaluate(() => {
      const { now } = Date;
      Date.now = () => now() + 31 * 60_000;
    });
  await count(first, 1, 2);
  await count(second, 2, 3);
  await until(() => site.counted().length === 3, "all");
  const sessions = site.counted().map((event) => event.session_id);
  assert.notEqual(sessions[1], sessions[0]);
  assert.equal(sessions[2], sessions[1]);
});

test("a clock that was days fast and is set right again: the session goes on, and ends when it is idle", async () => {
  await context.addInitScript(() => {
    const { now } = Date;
    window.set = (ms) => sessionStorage.setItem("ahead", ms);
    Date.now = () => now() + +sessionStorage.getItem("ahead");
  });
  const page = await visit();
  const next = async (number, ms) => {
    await page.evaluate((ms) => window.set(ms), ms);
    await page.reload();
    await ready(page);
    await count(page, number, number + 1);
    await until(() => site.counted().length === number + 1, `event ${number}`);
    const [{ value }] = await cookies();
    const { s, t } = JSON.parse(Buffer.from(value.slice(2), "base64url"));
    assert.ok(t >= s, "the server would take it for no session");
    return site.counted()[number].session_id;
  };
  const [DAYS, MINUTE] = [2 * 86_400_000, 60_000];
  await next(0, 0);
  const fast = await next(1, DAYS);
  assert.equal(await next(2, 0), fast);
  assert.equal(await next(3, 20 * MINUTE), fast);
  assert.equal(await next(4, 40 * MINUTE), fast);
  const right = await next(5, 71 * MINUTE);
  assert.notEqual(right, fast);
  assert.ok(Math.abs(right - Date.now() - 71 * MINUTE) < 10_000);
  assert.equal(await next(6, 90 * MINUTE), right);
});
