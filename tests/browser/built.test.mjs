// Pages as they are built: with React in strict mode, which runs every effect twice, and with the vendor's SDK.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { launchBrowser, person } from "./person.mjs";
import { start, until } from "./site.mjs";

const { GENERATED, VENDOR, NODE_PATH } = process.env;
const { build } = createRequire(NODE_PATH + "/")("esbuild");

/** Bundle a page's script, with the modules of a generated folder as `./index.js`. */
const bundle = async (folder, contents) => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    nodePaths: [NODE_PATH],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    define: { "process.env.NODE_ENV": '"development"' },
    logLevel: "error",
  });
  return outputFiles[0].text;
};

let browser;
let site;
let one;
let script;

before(async () => (browser = await launchBrowser()));
after(() => browser.close());
beforeEach(async () => {
  site = await start();
  site.script = script;
  one = await person(browser, site);
});
afterEach(async () => {
  await one.close();
  site.close();
});

const stats = (page) => page.evaluate(() => window.web.stats());
const ids = (name) => site.taken().filter((event) => event.event_type === name).map((event) => event.insert_id);
const counted = (name) => site.counted().filter((event) => event.event_type === name);

describe("React in strict mode", () => {
  before(async () => {
    script = await bundle(
      GENERATED,
      `import { StrictMode, createElement, useEffect } from "react";
      import { createRoot } from "react-dom/client";
      import * as web from "./index.js";
      window.web = web;
      window.runs = 0;
      const App = () => {
        useEffect(() => {
          web.configure();
          window.effect(web);
          if (++window.runs === 2) document.title = "Ready";
        }, []);
        return createElement("p", null, "An app");
      };
      createRoot(document.body).render(createElement(StrictMode, null, createElement(App)));`,
    );
  });
  /** Let the component's effect be this. */
  const effect = (text) => one.context.addInitScript(`window.effect = ${text};`);

  test("an event with a key counts once, another one counts for each time that it is called", async () => {
    await effect(`(web) => { web.levelReached({ level: 3 }); web.pageViewed({ page: "app" }); }`);
    const page = await one.visit();
    assert.equal(await page.innerText("p"), "An app");
    await until(() => counted("page_viewed").length === 2, "both views");
    await until(async () => (await stats(page)).waiting === 0, "an empty queue");
    assert.deepEqual([counted("level_reached").length, new Set(ids("level_reached")).size], [1, 1]);
    assert.deepEqual([site.uploads.length, (await stats(page)).dropped], [1, {}]);
  });

  test("two copies of one fact are one, whatever becomes of the two requests", async () => {
    await effect(`(web) => {
      for (const [order_id, path] of [["ORD-1", "silent"], ["ORD-2", "never"], ["ORD-3", "refused"], ["ORD-4", "confirmed"]]) {
        const copy = web.orderPaid.pending({ order_id });
        const init = { method: "POST", headers: copy.headers };
        copy.settle(web.trackedFetch("/api/" + path + "/" + copy.insertId, init)).catch(() => undefined);
      }
    }`);
    const page = await one.visit();
    await until(() => counted("order_paid").length === 2, "the copies of which nobody knows");
    await until(async () => (await stats(page)).waiting === 0, "no copies");
    assert.equal(ids("order_paid").length, 2);
    assert.deepEqual((await stats(page)).dropped, { confirmed: 1, refused: 1 });
  });

  test("an attempt is made where it is asked for: in an effect there are two", async () => {
    await effect(`(web) => { web.signedUp.pending().settle(new TypeError("no answer")); }`);
    await one.visit();
    await until(() => counted("signed_up").length === 2, "both attempts");
  });
});

test("a page whose bundle has no hybrid event leaves the copies of others as they are", async () => {
  site.script = await bundle(
    GENERATED,
    `import { configure, flush, orderPaid, pageViewed, stats } from "./index.js";
    window.web = { flush, orderPaid, stats };
    configure();
    document.title = "Ready";`,
  );
  const page = await one.visit();
  await page.evaluate(() => window.web.orderPaid.pending({ order_id: "ORD-1" }) && undefined);
  site.script = await bundle(
    GENERATED,
    `import { configure, flush, pageViewed, stats } from "./index.js";
    window.web = { flush, pageViewed, stats };
    configure();
    document.title = "Ready";`,
  );
  await page.reload();
  await one.ready(page);
  await page.evaluate(() => window.web.pageViewed({ page: "plain" }) && window.web.flush());
  await until(() => counted("page_viewed").length === 1, "the view");
  assert.deepEqual([counted("order_paid"), await stats(page)], [[], { accepted: 1, sent: 1, waiting: 1, dropped: {} }]);
});

describe("copies where the plan has no endpoint", () => {
  before(async () => {
    script = await bundle(
      VENDOR,
      `import * as amplitude from "@amplitude/analytics-browser";
      import * as web from "./index.js";
      Object.assign(window, { web, amplitude });
      const { isLate, ...options } = window.settings ?? {};
      web.configure(isLate ? {} : { client: amplitude });
      await amplitude.init("0123456789abcdef", {
        ...web.sdkOptions, ...options, serverUrl: "/t", flushIntervalMillis: 20, enableDiagnostics: false, logLevel: 0,
      }).promise;
      document.title = "Ready";`,
    );
  });
  const settings = (given) => one.context.addInitScript((given) => void (window.settings = given), given);
  /** Make a copy and a request that ends in this way; go to another page before anything else happens. */
  const order = async (event, properties, path) => {
    const page = await one.visit();
    const made = await page.evaluate(
      async ([event, properties, path]) => {
        const copy = window.web[event].pending(properties);
        const request = window.web.trackedFetch(path, { method: "POST", headers: copy.headers });
        copy.settle(request).catch(() => undefined);
        if (path !== "/api/hang") await request.catch(() => undefined);
        return [copy.insertId, window.amplitude.getDeviceId()];
      },
      [event, properties, path],
    );
    await page.goto(`${site.origin}/next`);
    await one.ready(page);
    assert.deepEqual([counted("order_paid"), counted("seat_held"), (await stats(page)).waiting], [[], [], 1]);
    return [page, ...made];
  };
  const ended = (page) => until(async () => (await stats(page)).waiting === 0, "the end of the copy");

  test("the SDK sends what a 2xx said nothing of, with the ids of the call", async () => {
    const [page, id, device] = await order("orderPaid", { order_id: "ORD-1" }, "/api/silent");
    await until(() => counted("order_paid").length === 1, "the copy");
    const [event] = counted("order_paid");
    assert.deepEqual([event.insert_id, event.device_id, event.event_properties.order_id], [id, device, "ORD-1"]);
    assert.equal(event.trackside, undefined);
    await ended(page);
    assert.deepEqual([ids("order_paid").length, (await stats(page)).sent], [1, 1]);
  });

  for (const [what, path] of [
    ["an answer that was lost", "/api/never"],
    ["a page that went before the answer", "/api/hang"],
  ]) {
    test(`${what}: nothing is sent if the plan says so`, async () => {
      const [page] = await order("orderPaid", { order_id: "ORD-2" }, path);
      await ended(page);
      assert.deepEqual((await stats(page)).dropped, { unknown: 1 });
      await page.evaluate(() => [window.web.pageViewed({ page: "next" }), window.amplitude.flush().promise]);
      await until(() => counted("page_viewed").length === 1, "another event");
      assert.deepEqual(ids("order_paid"), []);
    });
    test(`${what}: the SDK sends the copy if the plan says so`, async () => {
      const [page, id, device] = await order("seatHeld", { seat: "A1" }, path);
      await ended(page);
      await until(() => counted("seat_held").length === 1, "the copy");
      const [event] = counted("seat_held");
      assert.deepEqual([event.insert_id, event.device_id, event.user_id ?? null], [id, device, null]);
      assert.deepEqual([ids("seat_held").length, (await stats(page)).dropped], [1, {}]);
    });
  }

  test("a key that goes by the person alone: the copy has no device, as the server's event has none", async () => {
    await settings({ userId: "person-ada" });
    const [page, id] = await order("pointsEarned", { booking: "B-1" }, "/api/never");
    await ended(page);
    await until(() => counted("points_earned").length === 1, "the copy");
    const [event] = counted("points_earned");
    assert.deepEqual([event.insert_id, event.user_id, event.device_id ?? null], [id, "person-ada", null]);
  });

  test("a copy waits for an SDK that comes late", async () => {
    const [page] = await order("seatHeld", { seat: "A2" }, "/api/silent");
    await settings({ isLate: true });
    await page.goto(`${site.origin}/late`);
    await one.ready(page);
    await page.evaluate(() => void (Date.now = ((now) => () => now() + 120_000)(Date.now)));
    await page.evaluate(() => window.web.flush());
    assert.equal((await stats(page)).waiting, 1);
    await page.evaluate(() => (window.web.configure({ client: window.amplitude }), window.web.flush()));
    await until(() => counted("seat_held").length === 1, "the copy");
    assert.equal((await stats(page)).waiting, 0);
  });
});
