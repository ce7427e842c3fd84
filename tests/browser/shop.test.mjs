// The shop's own page: a visitor looks around, presses "Do not count me", and goes on, also to sign up.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser } from "./person.mjs";
import { until } from "./site.mjs";

const { SHOP, DESTINATION } = process.env;

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser.close());

test("who presses it is counted no more, on either side, on this page and on the next", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const uploads = [];
  context.on("request", (request) => new URL(request.url()).pathname === "/t" && uploads.push(request));
  const web = (ask) => page.evaluate(`import("/generated/web/index.js").then((web) => web.${ask})`);
  const counted = async () => (await (await fetch(`${DESTINATION}/good`)).json()).length;
  await page.goto(SHOP);
  await until(async () => (await counted()) > 0, "the first view", 20_000);
  await until(async () => (await web("stats().waiting")) === 0, "an empty queue");

  await page.getByRole("button", { name: "Do not count me" }).click();
  await page.getByText("You are not counted any more.").waitFor();
  const [counts, asked] = [await counted(), uploads.length];
  const said = async () => {
    const [{ value }] = (await context.cookies()).filter(({ name }) => name === "trackside");
    return JSON.parse(Buffer.from(value.slice(2), "base64url"));
  };
  assert.deepEqual(await said(), { c: [] });
  await page.locator("a[href^='/p/']").first().click();
  await page.getByRole("button", { name: "Add to basket" }).click();
  await web("flush()");
  assert.ok((await web("stats().dropped.consent")) >= 2);
  await page.goto(`${SHOP}/account`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.locator("#new-email").fill("nobody@shop.example");
  await page.locator("#new-password").fill("correct horse");
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.locator("#log-out").waitFor();
  await web("flush()");
  assert.deepEqual([await said(), await counted(), uploads.length], [{ c: [] }, counts, asked]);
  await context.close();
});
