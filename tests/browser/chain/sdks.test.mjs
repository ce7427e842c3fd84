// The vendor's own SDKs for browsers and for Node, unchanged: at the local destination and at the first-party endpoint,
// when all goes well and when they have to try again.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { collect, launchBrowser, person, start } from "./stack.mjs";

const SDK = await readFile(join(process.env.NODE_PATH, "@amplitude/analytics-browser/lib/scripts/amplitude-min.js"), "utf8");
const QUIET = {
  autocapture: false,
  flushIntervalMillis: 50,
  remoteConfig: { fetchRemoteConfig: false },
  enableDiagnostics: false,
  logLevel: 0,
};

let browser;
let destination;

before(async () => ([browser, destination] = await Promise.all([launchBrowser(), collect("--no-check")])));
after(() => Promise.all([browser.close(), destination.close()]));

const names = async () => (await destination.good()).map((event) => event.event_type).sort();
const doubles = async () => (await destination.duplicates()).length;

/**
 * What both SDKs do; `send` takes event types, and answers the codes that the SDK gives. One of them gives its events up
 * when a connection ends, which is its own way: `tries` says which does not.
 */
const paths = (tries, send) => {
  test("all goes well", async () => {
    assert.deepEqual(await send("one", "two", "three"), [200, 200, 200]);
    assert.deepEqual(await names(), ["one", "three", "two"]);
    for (const event of await destination.good()) assert.ok(event.insert_id && event.device_id && event.time);
  });
  for (const [name, fault, again] of [
    ["an error of the server", { status: 500 }, 0],
    ["an error of the server that had taken all", { status: 503, take: true }, 3],
    ["a connection that ends", { answer: "reset" }, 0],
    ["an answer that is lost", { answer: "reset", take: true }, 3],
    ["too many events a second", { status: 429 }, 0],
    ["too large a request", { status: 413 }, 0],
  ])
    test(`again after ${name}`, async () => {
      await destination.faults({ ...fault, requests: 1 });
      const codes = await send("one", "two", "three");
      if (fault.answer && !tries) {
        assert.deepEqual(codes, [0, 0, 0]);
        assert.equal((await names()).length, again);
        return;
      }
      assert.deepEqual(codes, [200, 200, 200]);
      assert.deepEqual(await names(), ["one", "three", "two"]);
      assert.equal(await doubles(), again);
      const { requests } = await destination.stats();
      assert.ok(Object.values(requests).reduce((sum, number) => sum + number, 0) >= 2);
    });
  test("one event that is refused takes none with it", async () => {
    assert.deepEqual(await send("one", "bad", "three"), [200, 400, 200]);
    assert.deepEqual(await names(), ["one", "three"]);
  });
};

describe("the browser SDK", () => {
  let page;
  let server;
  before(async () => {
    server = createServer((request, response) => {
      const isScript = request.url.endsWith(".js");
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? SDK : '<!doctype html><link rel="icon" href="data:,"><script src="/sdk.js"></script>');
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(() => (server.closeAllConnections(), server.close()));
  afterEach(async () => {
    await page.context().close();
    await destination.reset();
  });
  paths(true, async (...types) => {
    page = await (await browser.newContext()).newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    return page.evaluate(
      async ([types, options]) => {
        const { amplitude } = window;
        await amplitude.init("0123456789abcdef", options).promise;
        const sent = types.map((type) => amplitude.track(type, {}, type === "bad" ? { time: "yesterday" } : {}));
        return (await Promise.all(sent.map(({ promise }) => promise))).map(({ code }) => code);
      },
      [types, { ...QUIET, serverUrl: `${destination.url}/2/httpapi` }],
    );
  });
});

describe("the Node SDK", () => {
  afterEach(() => destination.reset());
  const { createInstance } = createRequire(process.env.NODE_PATH + "/")("@amplitude/analytics-node");
  paths(false, async (...types) => {
    const client = createInstance();
    await client.init("0123456789abcdef", { ...QUIET, serverUrl: `${destination.url}/2/httpapi` }).promise;
    const ids = { device_id: "device-of-node" };
    const sent = types.map((type) => client.track(type, {}, type === "bad" ? { ...ids, time: "yesterday" } : ids));
    return (await Promise.all(sent.map(({ promise }) => promise))).map(({ code }) => code);
  });
});

describe("the browser SDK at the endpoint", () => {
  let stack;
  before(async () => (stack = await start()));
  after(() => stack.close());

  test("all goes well, a network that is away costs nothing, and the server knows the SDK's device", async () => {
    const one = await person(browser, stack);
    await one.context.route("**/sdk.js", (route) => route.fulfill({ contentType: "text/javascript", body: SDK }));
    const page = await one.visit("/?utm_source=letter");
    const post = (path, body) =>
      page.evaluate(([path, body]) => fetch(path, { method: "POST", body: JSON.stringify(body) }).then(() => 0), [path, body]);
    await post("/login", { user: "person-a" });
    await one.context.clearCookies({ name: "trackside" });
    await page.addScriptTag({ url: "/sdk.js" });
    await page.evaluate(
      (options) =>
        window.amplitude.init("0123456789abcdef", { ...options, userId: "person-a", serverUrl: "/t" }).promise.then(() => 0),
      { ...QUIET, autocapture: { attribution: true, sessions: true, pageViews: true } },
    );
    const track = (type, properties) =>
      page.evaluate(
        async ([type, properties]) => {
          const extra = { ingestion_metadata: { source_name: "stall-chain/web", source_version: "1.0.0" } };
          return (await window.amplitude.track(type, properties, extra).promise).code;
        },
        [type, properties],
      );
    assert.equal(await track("page_viewed", { page: "home" }), 200);
    one.line.mode = "swallow";
    const trying = track("counted", { run: "sdk", number: 1 });
    await page.waitForEvent("requestfailed");
    one.line.pass();
    assert.equal(await trying, 200);
    const refused = await Promise.all([track("order_shipped", { order: "ORD-forged" }), track("order_paid", { order: "ORD-forged", total: 9 })]);
    assert.deepEqual(refused, [200, 200]); // as the vendor's SDK has to hear it
    await post("/orders/accepted", { order: "ORD-sdk" });
    await one.settled(page);
    const [device, session] = await page.evaluate(() => [window.amplitude.getDeviceId(), window.amplitude.getSessionId()]);
    const good = await stack.destination.good();
    assert.deepEqual(
      good.map((event) => [event.event_type, event.device_id, event.session_id, event.user_id]).sort(),
      [
        ["counted", device, session, "person-a"],
        ["order_paid", device, session, undefined],
        ["page_viewed", device, session, "person-a"],
      ],
    );
    const [paid] = good.filter((event) => event.event_type === "order_paid");
    assert.deepEqual([paid.event_properties.order, paid.event_properties.total], ["ORD-sdk", 12.5]);
    assert.equal(paid.event_properties.utm_source, "letter"); // the SDK's own cookie says so
    assert.deepEqual(await stack.destination.bad(), []);
    assert.ok((await stack.ask("/state")).dropped["endpoint:server_event"] >= 1);
    await one.close();
  });
});
