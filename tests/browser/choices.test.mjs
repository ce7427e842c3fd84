// Before a choice and after it, as `consent.pending` and `consent.stores` say: what is dropped, and what is written.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { start, until } from "./site.mjs";

const { chromium } = createRequire(process.env.NODE_PATH + "/")("playwright-core");

let browser;
let context;
let site;
let page;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
});
after(() => browser.close());
beforeEach(async () => (context = await browser.newContext()));
afterEach(async () => {
  await context.close();
  site.close();
});

/** Open a page of the site that one of the plans was compiled for. */
const visit = async (folder) => {
  site = await start(folder);
  page = await context.newPage();
  await page.goto(`${site.origin}/`);
  await ready();
};
const ready = () => page.waitForFunction(() => document.title === "Ready");
const reload = async () => (await page.reload(), await ready());
const choose = (analytics, marketing) =>
  page.evaluate((choices) => window.web.setConsent(choices), { analytics, marketing });
const count = (number) => page.evaluate((number) => void window.web.counted({ number }), number);
const stats = () => page.evaluate(() => window.web.stats());
const flush = () => page.evaluate(() => window.web.flush());
const numbers = () => site.counted().map((event) => event.event_properties?.number).filter((number) => number);
/** The device of an event that is sent whatever the person chose. */
const device = async () => {
  const known = site.taken().length;
  await page.evaluate(() => void window.web.heartBeat());
  await flush();
  await until(() => site.taken().length > known, "the heart beat");
  return site.taken().at(-1).device_id;
};
/** Whether anything of ours names the browser, in a storage or in the cookie; what it allows does not. */
const named = async () => {
  const stored = await page.evaluate(() => Object.entries({ ...localStorage, ...sessionStorage }));
  const cookies = (await context.cookies()).map(({ name, value }) => [name, value]);
  return [...stored, ...cookies].some(
    ([name, value]) => name !== "trackside" || "d" in JSON.parse(Buffer.from(value.slice(2), "base64url")),
  );
};

test("pending: drop forgets what happens before a choice, and sends what comes after it", async () => {
  await visit(process.env.DROPPED);
  await count(1);
  const { dropped, waiting } = await stats();
  assert.deepEqual([dropped, waiting], [{ consent: 1 }, 0]);
  await device(); // what is necessary is sent
  await choose(true, false);
  await count(2);
  await flush();
  await until(() => numbers().length > 0, "what came after the choice");
  await reload();
  await count(3);
  await flush();
  await until(() => numbers().length > 1, "what came on the next page");
  assert.deepEqual(numbers(), [2, 3]);
});

test("pending: queue keeps it until the choice", async () => {
  await visit(process.env.NECESSARY);
  await count(1);
  assert.deepEqual((await stats()).dropped, {});
  await flush();
  assert.deepEqual(numbers(), []);
  await choose(true, false);
  await flush();
  await until(() => numbers().length > 0, "what waited");
  assert.deepEqual(numbers(), [1]);
});

test("stores: necessary writes before any choice, and after a refusal", async () => {
  await visit(process.env.NECESSARY);
  const first = await device();
  assert.ok(await named());
  await reload();
  assert.equal(await device(), first);
  await choose(false, false);
  await reload();
  assert.ok(await named());
  const refused = await device();
  await reload();
  assert.equal(await device(), refused);
  await count(1);
  await flush();
  assert.deepEqual(numbers(), []);
});

test("stores: marketing writes nothing for analytics alone, which is sent all the same", async () => {
  await visit(process.env.MARKETING);
  await choose(true, false);
  await count(1);
  await flush();
  await until(() => numbers().length > 0, "what analytics allows");
  assert.equal(await named(), false);
  const first = await device();
  await reload();
  const second = await device();
  assert.notEqual(second, first);
  await choose(true, true);
  assert.ok(await named());
  await reload();
  assert.equal(await device(), second);
  await choose(true, false);
  assert.equal(await named(), false);
});
