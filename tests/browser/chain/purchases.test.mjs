// Each way in which a purchase can go, from the browser to the destination: how often it is counted, and whose amount.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser, person, start, until } from "./stack.mjs";

const SERVERS = 12.5;
const PAGES = 1;

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser.close());

/** Order by script, with a copy: give the copy's insert_id, and wait for the answer if it comes. */
const buy = (page, how, order, event = "orderPaid") =>
  page.evaluate(
    async ([how, order, event]) => {
      const { [event]: hybrid, trackedFetch } = window.web;
      const copy = hybrid.pending({ order, total: 1 });
      const init = { method: "POST", headers: copy.headers, body: JSON.stringify({ order }) };
      await copy.settle(trackedFetch(`/orders/${how}`, init)).catch(() => undefined);
      return copy.insertId;
    },
    [how, order, event],
  );
/** The same, without waiting for any answer. */
const press = (page, how, order) => {
  void buy(page, how, order).catch(() => undefined);
  return page.waitForFunction(() => Object.keys(localStorage).some((key) => key.startsWith("trackside.stall-chain/web.c.")));
};
const submit = async (page, order) => {
  await page.evaluate((order) => {
    window.web.orderPaid.pending({ order, total: 1 });
    const [form] = document.forms;
    form.order.value = order;
    form.total.value = "1";
    form.requestSubmit();
  }, order);
};
const dropped = (page) => page.evaluate(() => window.web.stats().dropped);
/** Let the page's clock run ahead, where what it would have to wait for is an hour's matter. */
const later = (page, ms) =>
  page.evaluate((ms) => {
    const now = Date.now;
    Date.now = () => now() + ms;
    return window.web.flush();
  }, ms);

/** What the destination counts of an order: the amounts. */
const amounts = async (stack, order) =>
  (await stack.destination.good())
    .filter(({ event_properties: { order: of } = {} }) => of === order)
    .map((event) => {
      if (event.event_properties.total !== undefined) {
        // Of what a page says, no money is counted.
        const isServers = event.event_properties.total === SERVERS;
        assert.equal(event.revenue, isServers ? SERVERS : undefined);
        assert.equal(event.ingestion_metadata.source_name.endsWith("backend"), isServers);
      }
      return event.event_properties.total ?? event.event_properties.value;
    });

/** Declare a row of the table: what happens, and the amounts that are counted. */
const row = (stack, name, expected, happens) =>
  test(name, async () => {
    const one = await person(browser, stack());
    const order = `ORD-${name.replace(/\W+/g, "-")}`;
    try {
      const page = (await happens(one, order, stack())) ?? one.context.pages().at(-1);
      await one.settled(page);
      assert.deepEqual(await amounts(stack(), order), expected);
    } finally {
      await one.close();
    }
  });

const { SINK: sink } = process.env;
describe(`with ${sink === "outbox" ? "an outbox" : "a sink in memory, and `exists`"}`, () => {
  let stack;
  const given = () => stack;
  const killed = sink === "outbox" ? [SERVERS] : [PAGES];
  before(async () => (stack = await start({ sink, exists: sink === "memory" })));
  after(async () => {
    const bad = await stack.destination.bad();
    await stack.close();
    assert.deepEqual(bad, []);
  });

  describe("side by side", { concurrency: 4 }, () => {
    row(given, "the answer arrives", [SERVERS], async ({ visit, context }, order, { destination, delivered }) => {
      const page = await visit("/?utm_source=letter");
      const direct = await visit("/");
      const insertId = await buy(direct, "accepted", order);
      assert.deepEqual(await dropped(direct), { confirmed: 1 });
      await delivered();
      const [{ value }] = (await context.cookies()).filter(({ name }) => name === "trackside");
      const members = JSON.parse(Buffer.from(value.slice(2), "base64url"));
      const [event] = (await destination.good()).filter((event) => event.insert_id === insertId);
      assert.deepEqual([event.device_id, event.session_id], [members.d, members.s]);
      assert.equal(event.event_properties.initial_utm_source, "letter");
      return page;
    });
    row(given, "the card is declined", [], async ({ visit }, order) => {
      const page = await visit();
      await buy(page, "declined", order);
      await buy(page, "none", order);
      assert.deepEqual(await dropped(page), { refused: 2 });
    });
    row(given, "it fails before the commit", [], async ({ visit }, order) => {
      const page = await visit();
      await buy(page, "broken", order);
      assert.deepEqual(await dropped(page), { refused: 1 });
    });
    row(given, "the server is never reached", [], async ({ visit, line }, order) => {
      const page = await visit();
      line.mode = "refuse";
      await buy(page, "accepted", order);
      line.pass();
    });
    row(given, "the answer is lost after the commit", [SERVERS], async ({ visit, line }, order) => {
      const page = await visit();
      line.mode = "swallow";
      await buy(page, "accepted", order);
      line.pass();
    });
    row(given, "the tab closes before the answer", [SERVERS], async ({ visit, leave, line }, order, { ask }) => {
      const page = await visit();
      line.mode = "hold";
      await press(page, "accepted", order);
      await until(async () => (await ask(`/order/${order}`)).status === "paid", "the commit");
      await leave(page);
      line.pass();
      return visit("/another-day");
    });
    row(given, "the tab closes before the request is there", [], async ({ visit, leave, line }, order) => {
      const page = await visit();
      line.mode = "lose";
      await press(page, "accepted", order);
      await leave(page);
      await until(() => line.lost > 0, "the browser to give its request up");
      line.pass();
      return visit("/another-day");
    });
    row(given, "a form, whose answer is a redirect", [SERVERS], async ({ visit, ready }, order) => {
      const page = await visit("/form");
      await submit(page, order);
      await page.waitForURL("**/thanks");
      await ready(page);
      await until(async () => (await dropped(page)).confirmed === 1, "the cookie's word");
    });
    row(given, "a form, whose answer is lost", [SERVERS], async ({ visit, line }, order, { ask }) => {
      const page = await visit("/form");
      line.mode = "swallow";
      await submit(page, order).catch(() => undefined);
      await until(async () => (await ask(`/order/${order}`)).status === "paid", "the commit");
      await page.close();
      line.pass();
      return visit("/another-day");
    });
    row(given, "a webhook tells of it", [SERVERS], async ({ visit }, order, { ask }) => {
      const page = await visit();
      await buy(page, "later", order, "orderCaptured");
      assert.deepEqual(await dropped(page), { confirmed: 1 });
      await ask("/webhook", { order });
      await ask("/webhook", { order });
    });
    row(given, "a webhook tells of it, and the answer was lost", [SERVERS], async ({ visit, line, waiting }, order, stack) => {
      const page = await visit();
      line.mode = "swallow";
      await buy(page, "later", order, "orderCaptured");
      line.pass();
      // The endpoint asks for patience, and the copy stays.
      const asked = page.waitForResponse((response) => response.url().endsWith("/t"));
      assert.equal((await (await asked).json()).trackside.later.length, 1);
      assert.equal(await waiting(page), 1);
      await stack.ask("/webhook", { order });
      await stack.delivered();
      await later(page, 65_000);
    });
    row(given, "two tabs", [SERVERS], async ({ visit }, order) => {
      const [first, second] = [await visit(), await visit()];
      await Promise.all([buy(first, "accepted", order), buy(second, "accepted", order)]);
      await until(async () => (await second.evaluate(() => window.web.stats().waiting)) === 0, "an empty store");
      return first;
    });
    row(given, "both sides send at once, the server first", [SERVERS], async ({ visit }, order, { delivered }) => {
      const page = await visit();
      await page.evaluate((order) => fetch("/orders/coupon", { method: "POST", body: JSON.stringify({ order }) }).then(() => 0), order);
      await delivered();
      await page.evaluate((order) => window.web.couponUsed({ order, value: 1 }), order);
    });
    test("both sides send at once, the page first: one of the two", async () => {
      const one = await person(browser, stack);
      const page = await one.visit();
      await page.evaluate(async (order) => {
        window.web.couponUsed({ order, value: 1 });
        await window.web.flush();
        await fetch("/orders/coupon", { method: "POST", body: JSON.stringify({ order }) });
      }, "ORD-either");
      await one.settled(page);
      assert.equal((await amounts(stack, "ORD-either")).length, 1);
      await one.close();
    });
    row(given, "a server that tells nothing", sink === "outbox" ? [] : [PAGES], async ({ visit }, order) => {
      // Nobody but the page says so: with an outbox and no `exists`, it waits for somebody to look.
      await buy(await visit(), "silent", order);
    });

    for (const end of ["arrives at last", "is given up, and another day comes"])
      test(`a signup that is tried three times and ${end}`, async () => {
        const one = await person(browser, stack);
        let page = await one.visit();
        const mail = `${end.length}@stall.example`;
        const attempt = (how) =>
          page.evaluate(
            async ([mail, how]) => {
              window.copy ||= window.web.signedUp.pending({ way: "mail" });
              const init = { method: "POST", headers: window.copy.headers, body: JSON.stringify({ mail, how }) };
              window.last = window.web.trackedFetch("/accounts", init);
              await window.last.catch(() => undefined);
              return window.copy.insertId;
            },
            [mail, how],
          );
        const insertId = await attempt("broken");
        one.line.mode = "swallow";
        await attempt("accepted");
        if (end === "arrives at last") {
          one.line.pass();
          await attempt("accepted");
          await page.evaluate(() => window.copy.settle(window.last).then(() => 0));
        } else {
          await one.leave(page);
          one.line.pass();
          page = await one.visit("/another-day");
        }
        await one.settled(page);
        const found = (await stack.destination.good()).filter((event) => event.insert_id === insertId);
        assert.equal(found.length, 1);
        assert.equal((await stack.ask(`/order/${mail}`)).status, "account");
        await one.close();
      });
  });

  test("a signup by a form: a hidden field carries the attempt as the copy hands it out, a cookie confirms it", async () => {
    const one = await person(browser, stack);
    const page = await one.visit("/join");
    const insertId = await page.evaluate(() => {
      const copy = window.web.signedUp.pending({ way: "mail" });
      const [form] = document.forms;
      form.mail.value = "form@stall.example";
      form.trackside_attempt.value = copy.headers["Trackside-Attempt"];
      form.requestSubmit();
      return copy.insertId;
    });
    await page.waitForURL("**/thanks");
    await one.ready(page);
    await until(async () => (await dropped(page)).confirmed === 1, "the cookie's word");
    await one.settled(page);
    const joined = (await stack.destination.good()).filter(({ insert_id: id }) => id === insertId);
    assert.deepEqual(joined.map((event) => event.ingestion_metadata.source_name), ["stall-chain/backend"]);
    await one.close();
  });

  row(given, "the server is killed between its commit and its answer", killed, async ({ visit }, order, stack) => {
    const page = await visit();
    if (sink === "memory") await stack.destination.faults({ answer: "nothing" }); // and nothing has left it
    await Promise.all([buy(page, "killed", order), stack.server.ended]);
    await stack.destination.faults();
    await stack.serve();
  });
  if (sink === "outbox")
    for (const take of [false, true])
      row(
        given,
        `the worker is killed ${take ? "when the destination had it" : "before it came to the destination"}`,
        [SERVERS],
        async ({ visit }, order, { destination, worker, work }) => {
          const page = await visit();
          const silences = async () => (await destination.stats()).requests["0"] ?? 0;
          const before = await silences();
          await destination.faults({ answer: "nothing", requests: 1, take });
          await buy(page, "accepted", order);
          await until(async () => (await silences()) > before, "the worker's request");
          await worker.kill();
          await work();
        },
      );
});
