// The page of the local destination: what it shows of good, bad, duplicate, refused and paired events, by keyboard alone,
// and what it makes of text that wants to be more than text.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, afterEach, before, beforeEach, test } from "node:test";

const { chromium } = createRequire(process.env.NODE_PATH + "/")("playwright-core");

const ADDRESS = process.env.CHECKING;
const WEB = "stall/web";
const BACKEND = "stall/backend";

let browser;
let context;
let page;
let complaints;
let foreign;
let number = 0;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
});
after(() => browser.close());

beforeEach(async () => {
  for (const address of [ADDRESS, process.env.UNCHECKING]) await fetch(`${address}/reset`, { method: "POST" });
  await visit({ viewport: { width: 1440, height: 860 } });
});
afterEach(async () => {
  await context.close();
  assert.deepEqual(complaints, []);
  assert.deepEqual(foreign, []);
});

async function visit(options, address = ADDRESS) {
  await context?.close();
  complaints = [];
  foreign = [];
  context = await browser.newContext(options);
  page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => complaints.push(`a dialog: ${dialog.message()}`) && dialog.dismiss());
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("request", (request) => request.url().startsWith(address) || foreign.push(request.url()));
  await page.goto(address);
  await page.locator("#link[data-state=live]").waitFor();
}

/** Make an event; its key is new unless it is stated. */
function made(source, name, properties, members = {}) {
  number += 1;
  return {
    event_type: name,
    device_id: "7e7c9a02-5d0e-4f5b-9c1f-3a2b1c0d9e8f",
    insert_id: `id-${number}`,
    time: Date.now(),
    event_properties: properties,
    ingestion_metadata: { source_name: source, source_version: "1.0.0" },
    ...members,
  };
}

const viewed = (properties, members) => made(WEB, "page_viewed", { page_path: "/", ...properties }, members);
const paid = (source, order, properties = {}, members = {}) =>
  made(source, "order_paid", { order_id: order, total_amount: 10, ...properties }, { insert_id: `order_${order}`, ...members });

async function send(...events) {
  const answer = await fetch(`${ADDRESS}/2/httpapi`, { method: "POST", body: JSON.stringify({ api_key: "local", events }) });
  return answer.status;
}

const rows = (selector = "") => page.locator(`#list .row${selector}`);
const details = () => page.locator("#details");
const shows = (locator, expected) =>
  expect(async () => assert.equal(await locator.count(), expected), `${expected} of ${locator}`);

/** Try until it holds, for five seconds. */
async function expect(holds, what) {
  let last;
  for (const started = Date.now(); Date.now() - started < 5000; ) {
    try {
      return await holds();
    } catch (error) {
      last = error;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
  throw new Error(`never came to be: ${what}: ${last}`);
}

test("where nothing is, it says where to send", async () => {
  const welcome = page.getByRole("region", { name: "Where to send" });
  await welcome.waitFor();
  const said = await welcome.innerText();
  assert.match(said, new RegExp(`Send events to ${ADDRESS}/2/httpapi`));
  assert.match(said, /HttpSink\("local", server_url="http:\/\/127\.0\.0\.1:\d+\/2\/httpapi"\)/);
  assert.match(said, /web, backend, ios/);
  await send(viewed());
  await shows(rows(".good"), 1);
  assert.equal(await welcome.isVisible(), false);
});

test("events stand in the lane of their source, told apart by word and shape", async () => {
  const repeated = viewed();
  await send(viewed(), made(BACKEND, "order_paid", { order_id: "ORD-1", total_amount: "ten" }, { insert_id: "order_ORD-1" }));
  await send(repeated);
  await send(repeated);
  assert.equal(await send(viewed({}, { device_id: "unknown" })), 400);
  await send(made("elsewhere/app", "page_viewed", {}));
  await shows(rows(), 6);
  const heads = await page.getByRole("columnheader").allInnerTexts();
  assert.deepEqual(heads.map((head) => head.split("\n")[0]), ["came at", "web", "backend", "ios", "other"]);
  const lane = async (selector) => {
    const cell = rows(selector).last().getByRole("gridcell").last();
    return heads[Number(await cell.getAttribute("aria-colindex")) - 1].split("\n")[0];
  };
  assert.equal(await lane(".duplicates"), "web");
  assert.equal(await lane(".refused"), "web");
  assert.equal(await lane(".bad"), "other");
  assert.equal(await lane(":nth-child(2)"), "backend");
  for (const [verdict, word] of [["duplicates", "duplicate"], ["refused", "refused"], ["bad", "bad"]]) {
    assert.equal(await rows(`.${verdict}`).first().locator(".words").innerText(), word);
    assert.equal(await rows(`.${verdict}`).first().locator("use").getAttribute("href"), `#shape-${verdict}`);
  }
  const counts = await page.locator("[data-verdict] b").allInnerTexts();
  assert.deepEqual(counts, ["2", "2", "1", "1"]);
  assert.match(await page.locator("#trouble").innerText(), /got 400: Invalid field values/);
});

test("what breaks the plan is said at the property", async () => {
  const items = [{ sku: "A", quantity: 1 }, { sku: "B", quantity: 0 }];
  await send(paid(BACKEND, "ORD-2", { items, colour: "green", total_amount: undefined }));
  await rows(".bad").click();
  await details().waitFor();
  const faults = details().locator("li.at-fault");
  await shows(faults, 3);
  const said = await faults.allInnerTexts();
  assert.match(said[0], /^quantity\s+0\s+is less than 1$/);
  assert.match(said[1], /^colour\s+"green"\s+is not a property that backend sends$/);
  assert.match(said[2], /^total_amount\s+is missing$/);
  assert.match(await details().locator(".against").innerText(), /event_properties\.items\[1\]\.quantity is less than 1/);
});

test("the copies of a fact are joined, and it is said which of them won", async () => {
  await send(paid(BACKEND, "ORD-3", { total_amount: 156.96 }));
  await send(paid(WEB, "ORD-3", { total_amount: 157 }));
  await send(viewed());
  await send(paid(WEB, "ORD-4"));
  await send(paid(BACKEND, "ORD-4"));
  await send(paid(BACKEND, "ORD-5"));
  await send(paid(WEB, "ORD-5", {}, { device_id: "another-device" }));
  await shows(rows(".paired"), 6);
  const words = await rows(".paired").locator(".words").allInnerTexts();
  assert.deepEqual(words, [
    "won over web",
    "duplicate · backend won",
    "won over backend",
    "duplicate · web won",
    "counted twice",
    "counted twice",
  ]);
  await rows(".paired").nth(0).hover();
  await shows(rows(".lit"), 2);
  assert.deepEqual(await rows(".lit").locator(".words").allInnerTexts(), words.slice(0, 2));
  await page.mouse.move(5, 5);
  await shows(rows(".lit"), 0);

  await page.keyboard.press("p");
  await shows(rows(), 6);
  await page.keyboard.press("g");
  await shows(rows(".lit"), 2);
  await page.keyboard.press("Enter");
  assert.match(await details().locator(".copies").innerText(), /One fact, 2 copies[^]*backend[^]*won[^]*web[^]*duplicate/);
  assert.deepEqual(await details().locator(".differences tbody tr").allInnerTexts(), ["total_amount\t156.96\t157"]);
  await page.keyboard.press("o");
  assert.match(await details().locator(".verdict").innerText(), /duplicate · backend won/);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  assert.match(await details().locator(".warning").innerText(), /client's copy came first/);
  await page.keyboard.press("j");
  assert.match(await details().locator(".warning").innerText(), /Counted 2 times: .* different devices/);
});

/** Tell what of a line is cut away: by an ellipsis of its own, or by the end of the events. */
function cutAway(...selectors) {
  return page.evaluate((wanted) => {
    const end = document.getElementById("scroll").getBoundingClientRect();
    const found = [];
    for (const element of document.querySelectorAll(wanted.map((one) => `#list .row ${one}`).join())) {
      const { left, right, width } = element.getBoundingClientRect();
      const isCut = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline";
      if (isCut || !width || left < end.left || right > end.left + element.ownerDocument.getElementById("scroll").clientWidth) {
        found.push(`${element.className} ${element.textContent}`);
      }
    }
    return found;
  }, selectors);
}

test("what is wrong with an event is said whole in every lane, with the event open and without", async () => {
  for (const width of [1280, 1024, 800]) {
    await visit({ viewport: { width, height: 800 } });
    await fetch(`${ADDRESS}/reset`, { method: "POST" });
    await shows(rows(), 0); // the width before had as many
    const order = `ORD-9${width}`;
    await send(viewed({ depth: 3 }), made("stall/ios", "user_logged_in", { login_method: "passkey" }));
    await send(paid(WEB, order));
    await send(paid(BACKEND, order, { total_amount: "ten", items: [] }, { device_id: "another-device" }));
    await send(paid(WEB, `${order}1`));
    await send(paid(BACKEND, `${order}1`));
    await send(made("elsewhere/app", "order_paid", { order_id: order }), paid(BACKEND, `${order}2`, { colour_of_the_box: 1 }));
    await shows(rows(), 8);
    assert.deepEqual(await rows(".bad").locator(".at").allInnerTexts(), ["total_amount", "source_name", "colour_of_the_box"]);
    assert.deepEqual(await cutAway(".at", ".words", ".more", ".joined"), []);
    if (width >= 1024) assert.deepEqual(await cutAway(".name"), []);
    await rows(".twice.bad").click();
    await details().waitFor();
    assert.deepEqual(await cutAway(".at", ".words", ".more", ".joined"), []);
    assert.ok(await rows(".active").evaluate((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      const sight = document.getElementById("scroll").getBoundingClientRect();
      return top >= sight.top && bottom <= sight.bottom;
    }), "the open event is in sight");
  }
});

test("an event's own properties come before those that come with every event", async () => {
  const context = { app_version: "2026.4.1", "[Amplitude] Page Title": "Stall", utm_source: "newsletter" };
  await send(made(WEB, "page_viewed", { ...context, page_path: "/tents", depth: 2 }));
  await send(made(WEB, "page_viewed", { ...context, page_path: "/tents", depth: 2 }, { insert_id: `id-${number}` }));
  await send(made(WEB, "page_viewed", { app_version: "2026.4.1", page_path: "/tents", depth: 2 }));
  await shows(rows(), 3);
  const last = rows().last();
  assert.equal(await last.locator(".summary").innerText(), "page_path /tents depth 2 app_version 2026.4.1");
  assert.match(await rows(".duplicates").locator(".summary").innerText(), /^page_path \/tents depth 2 app_version .*utm_source/);
});

test("a line says values as short as can be understood", async () => {
  const address = process.env.UNCHECKING;
  await visit({ viewport: { width: 1200, height: 700 } }, address);
  const properties = { path: "/", none: null, "": "", tags: ["a", "b"], items: [{ a: 1 }], box: { w: 1, inner: { h: 2 } } };
  const events = [
    made("a/one", "seen", properties),
    made("a/one", "$identify", {}, { user_properties: { $set: { plan: "pro" }, $unset: { mood: "-" } } }),
  ];
  await fetch(`${address}/2/httpapi`, { method: "POST", body: JSON.stringify({ api_key: "local", events }) });
  await shows(rows(), 2);
  assert.deepEqual(await rows().locator(".summary").allInnerTexts(), [
    'path / none null "" tags [a, b] items 1 item box {w 1, inner {…}}',
    "plan pro mood -",
  ]);
});

test("copies tell what both have apart from what one has alone", async () => {
  await send(paid(BACKEND, "ORD-12", { total_amount: 156.96, items: [{ sku: "A", quantity: 1 }] }));
  await send(paid(WEB, "ORD-12", { total_amount: 157 }));
  await shows(rows(), 2);
  await rows().first().click();
  assert.deepEqual(await details().locator(".differences tbody tr").allInnerTexts(), ["total_amount\t156.96\t157"]);
  assert.deepEqual(await details().locator(".alone").allInnerTexts(), ["Only backend has items"]);
});

test("a copy that comes later changes what is said of the first", async () => {
  await send(paid(WEB, "ORD-6"));
  await rows().click();
  assert.equal(await rows().locator(".words").count(), 0);
  await send(paid(BACKEND, "ORD-6"));
  await shows(rows(".paired"), 2);
  assert.equal(await rows().first().locator(".words").innerText(), "won over backend");
  await shows(details().locator(".copies li"), 2);
});

test("all of it works by keyboard", async () => {
  await send(viewed({ page_path: "/one" }), viewed({ page_path: "/two" }), viewed({ page_path: "/three" }));
  await send(made(WEB, "product_added_to_cart", { sku: "SKU-1", quantity: 0 }));
  await shows(rows(), 4);
  const active = () => page.evaluate(() => document.activeElement.getAttribute("aria-activedescendant"));
  const text = async () => page.locator(`#${await active()}`).innerText();
  await page.keyboard.press("j");
  assert.match(await text(), /one/);
  await page.keyboard.press("ArrowDown");
  assert.match(await text(), /two/);
  await page.keyboard.press("k");
  assert.match(await text(), /one/);
  await page.keyboard.press("n");
  assert.match(await text(), /quantity\s+is less than 1/);
  assert.equal(await page.locator(`#${await active()}`).getAttribute("aria-selected"), "true");
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  assert.match(await details().innerText(), /"\/one"/);
  await page.keyboard.press("j");
  assert.match(await details().innerText(), /"\/two"/);
  await page.keyboard.press("Escape");
  assert.equal(await details().isVisible(), false);

  await page.keyboard.press("/");
  await page.keyboard.type("THREE page");
  await shows(rows(), 1);
  assert.match(await page.locator("#tally").innerText(), /1 of 4 events/);
  await page.keyboard.press("Escape"); // the text goes
  await shows(rows(), 4);
  await page.keyboard.press("Escape"); // back to the events
  await page.keyboard.press("2");
  await shows(rows(), 1);
  assert.equal(await page.locator("[data-verdict=bad]").getAttribute("aria-pressed"), "true");
  await page.keyboard.press("3");
  await shows(rows(), 1);
  await page.keyboard.press("2");
  await shows(rows(), 0);
  await page.getByText("No event matches.").waitFor();
  await page.keyboard.press("Escape");
  await shows(rows(), 4);

  await page.keyboard.press("?");
  assert.equal(await page.getByRole("dialog", { name: "Keys and words" }).isVisible(), true);
  await page.keyboard.press("Escape");
  assert.equal(await page.getByRole("dialog").count(), 0);
  await page.keyboard.press("Shift+X");
  await page.getByText("Nothing has come yet").waitFor();
  const stats = await (await fetch(`${ADDRESS}/stats`)).json();
  assert.deepEqual([stats.good, stats.bad], [0, 0]);
});

test("every control is reached by Tab, and is seen to be", async () => {
  await send(viewed());
  await shows(rows(), 1);
  const reached = new Set();
  for (let step = 0; step < 25; step += 1) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === document.body) return null;
      const ring = getComputedStyle(element).outlineStyle !== "none";
      const frame = getComputedStyle(element, "::after").borderTopStyle === "solid";
      return { name: element.id || element.dataset.verdict || element.textContent.trim(), isSeen: ring || frame };
    });
    if (!found) continue;
    assert.ok(found.isSeen, `${found.name} has the focus and does not show it`);
    reached.add(found.name);
  }
  for (const name of ["pause", "clear", "help", "text", "good", "bad", "duplicates", "refused", "pairs", "event", "source", "grid"]) {
    assert.ok(reached.has(name), `${name} is not reached: ${[...reached]}`);
  }
});

test("events and sources can be chosen", async () => {
  await send(viewed(), paid(WEB, "ORD-7"), paid(BACKEND, "ORD-8"));
  await shows(rows(), 3);
  await page.getByLabel("Event", { exact: true }).selectOption("order_paid");
  await shows(rows(), 2);
  await page.getByLabel("Source", { exact: true }).selectOption("backend");
  await shows(rows(), 1);
  await send(viewed(), paid(WEB, "ORD-9"), paid(BACKEND, "ORD-10"));
  await shows(rows(), 2);
});

test("text of events stays text", async () => {
  const image = "<img src=x onerror=alert(1)>";
  const script = "</script><script>alert(2)</script>";
  await send(
    viewed({ page_path: image, referrer: `${script}\u202egpj.exe\u2028\u0007\ud800` }),
    made(image, script, { [image]: { [script]: ["a\u2029b"] }, __proto__x: 1 }),
    JSON.parse(`{"event_type": "page_viewed", "device_id": "device-1", "event_properties": {"__proto__": {"a": 1}, "constructor": 2}}`),
    viewed({ page_path: "x".repeat(10_000) }),
    viewed({ page_path: "/אבג/مرحبا", depth: 9007199254740991 }),
  );
  await send(viewed({}, { insert_id: "9".repeat(10_000), user_id: `user-${"é😀".repeat(5000)}` }));
  const refused = viewed({ page_path: "y".repeat(60_000) }, { device_id: "null" });
  assert.equal(await send(refused), 400);
  await shows(rows(), 7);
  for (let place = 0; place < 7; place += 1) {
    await rows().nth(place).click();
    await details().waitFor();
    if (place === 0) {
      const said = await details().locator(".members").innerText();
      assert.ok(said.includes(image) && said.includes(script), said);
      assert.ok(said.includes("U+202E") && said.includes("U+2028"), said);
      assert.ok(!/[\u202e\u2028]/.test(said));
    }
    if (place === 2) assert.match(await details().locator(".members").innerText(), /__proto__[^]*constructor\s+2/);
    if (place === 3) {
      assert.match(await details().innerText(), /is longer than 2000/);
      await details().getByRole("button", { name: /all 1,02\d characters/ }).click();
    }
    if (place === 6) {
      // Too large for the stream: the rest of it is asked for.
      await details().getByText(/all 60,00\d characters/).waitFor();
    }
  }
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("img, #main script, #main b[onmouseover]").count(), 0);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  // The policy would hold even if the page did not.
  const isStopped = await page.evaluate(() => {
    try {
      document.createElement("div").innerHTML = "<b>";
      return false;
    } catch {
      return true;
    }
  });
  assert.equal(isStopped, true);
  assert.match(complaints.splice(0).join(), /TrustedHTML/);
});

test("a pause keeps what comes, and clearing reaches every page", async () => {
  const second = await context.newPage();
  await second.goto(ADDRESS);
  await send(viewed());
  await shows(rows(), 1);
  await page.keyboard.press("j");
  await page.keyboard.press(" ");
  await send(viewed(), viewed());
  await page.getByRole("button", { name: "Go on: 2" }).waitFor();
  assert.equal(await rows().count(), 1);
  await page.keyboard.press(" ");
  await shows(rows(), 3);
  await second.getByRole("button", { name: "Clear" }).click();
  await page.getByText("Nothing has come yet").waitFor();
  await second.getByText("Nothing has come yet").waitFor();
});

test("faults that are set are told, and can be taken away", async () => {
  await fetch(`${ADDRESS}/faults`, { method: "POST", body: JSON.stringify({ status: 503 }) });
  await page.getByText("1 fault is set").waitFor();
  assert.equal(await send(viewed()), 503);
  await page.getByText(/a request to httpapi got 503: .*by a fault that is set; nothing of it was taken/).waitFor();
  await page.getByRole("button", { name: "Take away" }).click();
  await expect(async () => assert.deepEqual(await (await fetch(`${ADDRESS}/faults`)).json(), []), "no fault");
  assert.equal(await send(viewed()), 200);
  await shows(rows(), 1);
});

test("thousands of events cost as much as fifty", async () => {
  await page.keyboard.press("Tab");
  for (let burst = 0; burst < 16; burst += 1) {
    assert.equal(await send(...Array.from({ length: 500 }, (_, index) => viewed({ depth: burst * 500 + index }))), 200);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  await expect(async () => assert.match(await page.locator("#tally").innerText(), /^5,000 events/), "5,000 rows");
  await page.locator("[data-verdict=good] b").getByText("8,000").waitFor();
  await rows().getByText("depth 7999").waitFor();
  assert.ok((await rows().count()) < 80, "only lines in sight are in the document");
  const took = await page.evaluate(async () => {
    const started = performance.now();
    for (let step = 0; step < 30; step += 1) {
      document.getElementById("scroll").scrollTop = step * 4000;
      await new Promise(requestAnimationFrame);
    }
    return (performance.now() - started) / 30;
  });
  assert.ok(took < 100, `a frame took ${took} ms`);
  await send(viewed());
  await page.getByRole("button", { name: /^↓ \d+ new$/ }).click();
  await expect(async () => {
    const left = await page.evaluate(() => {
      const scroll = document.getElementById("scroll");
      return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight;
    });
    assert.ok(left < 2);
  }, "the end");
});

test("a phone shows one lane, and the event on top of it", async () => {
  await visit({ viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true });
  await send(viewed({ page_path: `/${"x".repeat(500)}` }), paid(BACKEND, "ORD-11"), made(WEB, "n".repeat(200), {}));
  await shows(rows(), 3);
  const name = await rows().nth(2).locator(".name").boundingBox();
  const time = await rows().nth(2).locator(".time").boundingBox();
  assert.ok(name.x + name.width < time.x, "a long name ends before the time");
  await rows().nth(1).tap();
  const box = await details().boundingBox();
  assert.deepEqual([box.x, box.y, box.width, box.height], [0, 0, 390, 844]);
  await details().getByRole("button", { name: "Close" }).tap();
  assert.equal(await details().isVisible(), false);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(ground, "rgb(20, 21, 23)");
});

test("a page that comes back goes on where it was, and another destination begins anew", async () => {
  await send(viewed({ page_path: "/before" }));
  await shows(rows(), 1);
  await context.setOffline(true);
  await send(viewed({ page_path: "/meanwhile" }));
  await context.setOffline(false);
  await send(viewed({ page_path: "/after" }));
  await shows(rows(), 3);
  const paths = await rows().locator(".summary").allInnerTexts();
  assert.deepEqual(paths, ["page_path /before", "page_path /meanwhile", "page_path /after"]);
});

test("without a plan, lanes come as their events come", async () => {
  const address = process.env.UNCHECKING;
  await visit({ viewport: { width: 1200, height: 700 } }, address);
  assert.match(await page.locator("#welcome").innerText(), /compared with no plan/);
  const events = [made("a/one", "seen", {}), made("a/two", "seen", {}), { event_type: "seen", device_id: "device-1" }];
  await fetch(`${address}/2/httpapi`, { method: "POST", body: JSON.stringify({ api_key: "local", events }) });
  await shows(rows(".good"), 3);
  const heads = await page.getByRole("columnheader").allInnerTexts();
  assert.deepEqual(heads.map((head) => head.split("\n")[0]), ["came at", "a/one", "a/two", "other"]);
});
