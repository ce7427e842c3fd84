// Several tabs, and what one tells the other: what the person allows, whose visit it is, where they came from.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { launchBrowser, person } from "./person.mjs";
import { start, until } from "./site.mjs";

const { GENERATED, DENIED, NECESSARY, OTHER, UNCARRIED } = process.env;

let browser;
let site;
let one;

before(async () => (browser = await launchBrowser()));
after(() => browser.close());
const open = async (folder, other) => {
  site = await start(folder, other);
  one = await person(browser, site);
};
afterEach(async () => {
  await one.close();
  site.close();
});

const choose = (page, analytics, marketing = analytics) =>
  page.evaluate((choices) => window.web.setConsent(choices), { analytics, marketing });
const count = (page, number) => page.evaluate((number) => window.web.counted({ number }).accepted, number);
const members = (text) => text && JSON.parse(Buffer.from(text.slice(2), "base64url"));
const cookie = async () => {
  const [found] = (await one.context.cookies()).filter(({ name }) => name === "trackside");
  return found && members(found.value);
};
/** What localStorage has of the visit. */
const stored = async (page) => members(await page.evaluate(() => localStorage.trackside));
const numbers = () => site.counted().map((event) => event.event_properties.number);
const device = (number) => site.counted().find((event) => event.event_properties.number === number).device_id;

describe("consent, where nothing is allowed before", () => {
  beforeEach(() => open(DENIED));

  test("granted in one tab: another one, whose banner is still open, keeps device and session", async () => {
    const [first, second] = [await one.visit("/?utm_source=letter"), await one.visit()];
    await choose(first, true);
    await count(first, 1);
    await until(() => numbers().includes(1), "the first");
    const granted = await cookie();
    assert.equal(await count(second, 2), true);
    await count(first, 3);
    await until(() => numbers().length === 3, "all");
    const { d, s, a, c } = await cookie();
    assert.deepEqual({ d, s, a, c }, { d: granted.d, s: granted.s, a: granted.a, c: ["analytics", "marketing"] });
    assert.deepEqual([1, 2, 3].map(device), [d, d, d]);
    assert.equal((await stored(first)).d, d);
  });

  test("what waited in a tab goes by the choice that was made in another", async () => {
    const [first, second] = [await one.visit(), await one.visit()];
    await count(second, 1);
    await choose(first, true, false);
    await count(second, 2);
    await until(() => numbers().length === 2, "both");
    assert.deepEqual(site.counted().map((event) => event.trackside.consent), [["analytics"], ["analytics"]]);
    await count(second, 3);
    await second.evaluate(() => window.web.offerSeen());
    await until(() => numbers().length === 3, "what is allowed");
    assert.deepEqual((await second.evaluate(() => window.web.stats())).dropped, { consent: 1 });
  });

  test("a tab without a choice leaves no trace, whatever is done in it", async () => {
    const [first, second] = [await one.visit(), await one.visit()];
    await count(second, 1);
    await second.evaluate(() => {
      window.web.heartBeat();
      window.web.login("person-a");
      window.web.reset();
      window.web.carry("/api");
    });
    assert.deepEqual([await cookie(), await stored(second)], [undefined, undefined]);
    await choose(first, false);
    const refused = [await cookie(), await stored(second)];
    assert.deepEqual(refused, [{ c: [] }, { c: [] }]);
    await second.evaluate(() => {
      window.web.heartBeat();
      window.web.login("person-a");
    });
    assert.equal(await count(second, 2), false);
    assert.deepEqual([await cookie(), await stored(second)], refused);
  });

  test("a choice that is taken back leaves nothing", async () => {
    const page = await one.visit();
    for (const is of [true, false]) {
      await choose(page, is);
      await page.evaluate(() => window.web.optOut(false));
      assert.deepEqual([await cookie(), await stored(page)], [undefined, undefined]);
    }
    await page.reload();
    await one.ready(page);
    assert.equal(await count(page, 1), true); // it waits
    assert.equal(await one.waiting(page), 1);
  });
});

describe("consent, where all is allowed before", () => {
  beforeEach(() => open(GENERATED));

  test("refused and granted again in one tab: another one follows, and undoes nothing", async () => {
    const [first, second] = [await one.visit(), await one.visit()];
    await choose(first, false);
    assert.equal(await count(second, 1), false);
    await choose(first, true);
    await count(first, 2);
    const granted = await cookie();
    assert.equal(await count(second, 3), true);
    await until(() => numbers().length === 2, "both");
    const { d, s, c } = await cookie();
    assert.deepEqual({ d, s, c }, { d: granted.d, s: granted.s, c: ["analytics", "marketing"] });
    assert.deepEqual([device(2), device(3)], [d, d]);
  });

  test("the tabs' last word holds, and one that is taken back is no word", async () => {
    const [first, second] = [await one.visit(), await one.visit()];
    await choose(first, true, false);
    await choose(second, false);
    assert.equal(await count(first, 1), false);
    await first.evaluate(() => window.web.optOut(false));
    assert.equal(await count(second, 2), true);
    assert.equal((await cookie()).c, undefined);
  });
});

test("a refusal is remembered where no cookie carries consent", async () => {
  await open(UNCARRIED);
  const page = await one.visit();
  await count(page, 1);
  await choose(page, false);
  assert.deepEqual([await cookie(), await stored(page)], [undefined, { c: [] }]);
  await page.reload();
  await one.ready(page);
  assert.equal(await count(page, 2), false);
  const other = await one.visit();
  assert.equal(await count(other, 3), false);
  assert.deepEqual([await cookie(), await stored(page)], [undefined, { c: [] }]);
  await choose(other, true);
  assert.equal(await count(page, 4), true);
  assert.equal((await cookie()).d, (await stored(page)).d);
});

test("what may be stored before a choice is no choice", async () => {
  await open(NECESSARY);
  const page = await one.visit();
  await count(page, 1);
  const { d } = await cookie();
  await page.reload();
  await one.ready(page);
  await count(page, 2);
  assert.equal(await one.waiting(page), 2);
  await choose(page, true);
  await until(() => numbers().length === 2, "what waited");
  assert.deepEqual([device(1), device(2)], [d, d]);
});

test("of attribution that a cookie has no room for, the first touch stays", async () => {
  await open(GENERATED);
  const [long, longer] = ["ü".repeat(200), "ö".repeat(250)]; // two bytes each
  const referer = "https://search.example/find";
  const first = { initial_utm_source: "one", initial_utm_medium: long, initial_referrer: referer };
  const page = await one.visit(`/?utm_source=one&utm_medium=${long}`, { referer });
  const carried = { ...first, utm_source: "one" };
  assert.deepEqual([(await cookie()).a, (await stored(page)).a], [carried, carried]);

  await one.visit(`/?utm_source=two&utm_medium=${longer}`);
  const second = { utm_source: "two", ...first };
  assert.deepEqual([(await cookie()).a, (await stored(page)).a], [second, second]);
  // Pages that come later, and one that was there before, write it all anew.
  for (const tab of [await one.visit("/direct"), page]) {
    await tab.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1100)));
    const header = await tab.evaluate(() => window.web.carry("/api").headers.get("Trackside-Context"));
    assert.deepEqual(members(header).a, second);
    assert.deepEqual([(await cookie()).a, (await stored(tab)).a], [second, second]);
  }
});

test("pages of another plan on the same origin leave alone what is not theirs", async () => {
  await open(GENERATED, OTHER);
  const { script } = site;
  site.faults = Array(20).fill("reset");
  const page = await one.visit();
  await count(page, 1);
  await page.evaluate(() => {
    window.web.seatHeld.pending({ seat: "A1" }).settle(new TypeError("no answer"));
    localStorage["trackside.notes"] = "of the site";
  });
  const stats = (tab) => tab.evaluate(() => window.web.stats());
  assert.equal((await stats(page)).waiting, 2);
  await one.leave(page);

  site.script = script.replace("/web/", "/other/");
  const other = await one.visit();
  await other.evaluate(() => window.web.configure({ endpoint: "/t?other" }));
  await count(other, 2);
  assert.equal((await stats(other)).waiting, 1);
  site.faults = [];
  await new Promise((resolve) => setTimeout(resolve, 2500)); // the copy is due
  await other.evaluate(() => window.web.flush());
  assert.deepEqual(await stats(other), { accepted: 1, sent: 1, waiting: 0, dropped: {} });
  assert.deepEqual(numbers(), [2]);

  site.script = script;
  const again = await one.visit();
  await until(async () => (await stats(again)).waiting === 0, "what had waited");
  const sent = site.uploads.filter(({ status }) => status === 200);
  const to = sent.flatMap(({ to, body }) => body.events.map((event) => [event.event_type, event.event_properties.number, to]));
  assert.deepEqual(to.sort(), [["counted", 1, "/t"], ["counted", 2, "/t?other"], ["seat_held", undefined, "/t"]]);
  assert.equal(await again.evaluate(() => localStorage["trackside.notes"]), "of the site");
  assert.equal(new Set(site.counted().map((event) => event.device_id)).size, 1); // a visit is one all the same
});
