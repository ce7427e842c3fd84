// One visit over several hosts of ours: an endpoint and an API of another origin, and subdomains that share a cookie. The
// hosts have names, as in the world, and no certificates: what a browser keeps for secure pages alone is not there either.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launchBrowser, person, start, until } from "./stack.mjs";

const SHOP = "http://www.stall.example";
const PAY = "http://pay.stall.example";
const OURS = "http://t.stall.example"; // the endpoint and the API
const OLD = "http://old.stall.example"; // a host that nobody has listed
const PLANNED = "https://checkout.stall.example"; // what the plan lists

let browser;
let stack;
let line;
let one;
let asked;

before(async () => {
  stack = await start();
  line = await stack.line();
  const { port } = new URL(line.origin);
  browser = await launchBrowser(`--host-resolver-rules=MAP *.stall.example 127.0.0.1:${port}`);
  await stack.server.kill("SIGTERM");
  await stack.serve({ ORIGINS: `${SHOP} ${PAY}`, CONNECT: `${OURS} ${OLD}` });
});
after(() => Promise.all([browser.close(), stack.close()]));
beforeEach(async () => {
  one = await person(browser, stack, line);
  asked = [];
  one.context.on("request", async (request) => {
    if (request.method() === "POST") asked.push([request.url(), (await request.allHeaders())["trackside-context"]]);
  });
});
afterEach(async () => {
  await one.context.close();
  assert.deepEqual([one.complaints, await stack.destination.bad()], [[], []]);
});

/** What the pages of the person give to `configure`. */
const configured = (settings) => one.context.addInitScript((settings) => void (window.settings = settings), settings);
const count = (page, run, number = 1) =>
  page.evaluate(([run, number]) => void window.web.counted({ run, number }), [run, number]);
const found = async (run) => (await stack.destination.good()).filter(({ event_properties: { run: of } }) => of === run);
const stats = (page) => page.evaluate(() => window.web.stats());
const members = (text) => JSON.parse(Buffer.from(text.slice(2), "base64url"));
const cookies = async () => (await one.context.cookies()).filter(({ name }) => name === "trackside");
/** Order at a server of another origin, as `how` says. */
const order = (page, origin, number) =>
  page.evaluate(
    async ([origin, order]) => {
      const copy = window.web.orderPaid.pending({ order, total: 1 });
      const init = { method: "POST", headers: copy.headers, body: JSON.stringify({ order }) };
      await copy.settle(window.web.trackedFetch(`${origin}/orders/accepted`, init)).catch(() => undefined);
      return copy.insertId;
    },
    [origin, number],
  );

test("an endpoint of another origin takes the events of listed pages, with the session that the browser has there", async () => {
  await configured({ endpoint: `${OURS}/t` });
  await one.context.addCookies([{ name: "session", value: "person-ada", url: OURS, httpOnly: true, sameSite: "Lax" }]);
  const page = await one.visit(SHOP);
  await page.evaluate(() => void window.web.loggedIn(undefined, { userId: "person-ada" }));
  await count(page, "listed");
  await one.settled(page);
  const [event, ...others] = await found("listed");
  assert.deepEqual([others, event.user_id, event.event_properties.number], [[], "person-ada", 1]);
  assert.equal((await stats(page)).sent, 2);
  assert.deepEqual([...new Set(asked.map(([url]) => url))], [`${OURS}/t`]);
});

test("a page that nobody has listed is refused: nothing is forwarded, and the page keeps what it has", async () => {
  await configured({ endpoint: `${OURS}/t` });
  const page = await one.visit(OLD);
  const refused = async () => (await stack.ask("/state")).problems.endpoint_403 ?? 0;
  assert.equal(await refused(), 0);
  await count(page, "foreign");
  await until(async () => (await refused()) >= 2, "two refusals: the page goes on asking");
  assert.deepEqual(await found("foreign"), []);
  const { sent, waiting, dropped } = await stats(page);
  assert.deepEqual([sent, waiting, dropped], [0, 1, {}]);
});

test("requests to listed origins say whose visit it is, requests to others say nothing", async () => {
  await configured({ endpoint: `${OURS}/t`, origins: [OURS] });
  const page = await one.visit(`${SHOP}/?utm_source=letter`);
  const own = members((await cookies())[0].value);
  await order(page, OURS, "ORD-listed");
  await one.settled(page);
  assert.deepEqual((await stats(page)).dropped, { confirmed: 1 }); // it may read the answer's headers
  const [paid] = (await stack.destination.good()).filter((event) => event.event_properties.order === "ORD-listed");
  assert.deepEqual(
    [paid.device_id, paid.session_id, paid.event_properties.initial_utm_source, paid.event_properties.total],
    [own.d, own.s, "letter", 12.5],
  );
  await page.evaluate((url) => window.web.trackedFetch(url, { method: "POST", body: "{}", mode: "no-cors" }).then(() => 0), `${OLD}/accounts`);
  const told = (start) => asked.filter(([url]) => url.startsWith(start)).map(([, text]) => text && members(text).d);
  await until(() => told(OLD).length === 1, "the request to another origin");
  assert.deepEqual([told(`${OURS}/orders/`), told(OLD)], [[own.d], [undefined]]);

  const carried = await page.evaluate(
    (urls) => urls.map((url) => [url, new Headers(window.web.carry(url).headers).has("Trackside-Context")]),
    [
      "/", `${SHOP}/x`, `${OURS}/x`, `${PLANNED}/x`, PLANNED, "https://checkout.stall.example:443/",
      OLD, `${OURS}:8080/x`, PLANNED.replace("https", "http"), `${PLANNED}:8443`, `${PLANNED}.evil.example/`,
      `https://evil.example/${PLANNED}`, "https://checkout.stall.example@evil.example/", "//evil.example/x", "data:,x",
    ],
  );
  assert.deepEqual(carried.map(([, isTold]) => isTold), carried.map((_, index) => index < 6), JSON.stringify(carried));
});

test("hosts of one domain are one visit: device, session and where the person came from", async () => {
  await configured({ domain: "stall.example" });
  const page = await one.visit(`${SHOP}/?utm_source=letter`, { referer: "https://search.example/find" });
  await count(page, "domain", 1);
  await one.settled(page);
  await page.evaluate((url) => location.assign(url), `${PAY}/cart`);
  await page.waitForURL(`${PAY}/cart`);
  await one.ready(page);
  assert.equal(await page.evaluate(() => document.referrer), `${SHOP}/`);
  await count(page, "domain", 2);
  await order(page, PAY, "ORD-domain");
  await one.settled(page);
  const [{ domain, value }, ...others] = await cookies();
  assert.deepEqual([domain, others], [".stall.example", []]);
  const { d, s, a } = members(value);
  // A page of ours is no place where somebody came from.
  assert.deepEqual(a, {
    utm_source: "letter",
    referrer: "https://search.example/find",
    initial_utm_source: "letter",
    initial_referrer: "https://search.example/find",
  });
  const events = await found("domain");
  assert.deepEqual(events.map((event) => [event.event_properties.number, event.device_id, event.session_id]), [[1, d, s], [2, d, s]]);
  const [paid] = (await stack.destination.good()).filter((event) => event.event_properties.order === "ORD-domain");
  assert.deepEqual([paid.device_id, paid.session_id, paid.event_properties.referrer], [d, s, "https://search.example/find"]);
  const [first, second] = [await one.visit(SHOP), await one.visit(PAY)];
  await first.evaluate(() => window.web.reset());
  await count(first, "domain", 3);
  await count(second, "domain", 4);
  await one.settled(first);
  await one.settled(second);
  const later = (await found("domain")).slice(2);
  assert.equal(new Set(later.map((event) => event.device_id)).size, 1);
  assert.notEqual(later[0].device_id, d);
});

test("a domain that is named later takes the visit over, and the host's own cookie goes", async () => {
  const page = await one.visit(SHOP);
  await count(page, "named", 1);
  await one.settled(page);
  const [{ domain, value: before }] = await cookies();
  assert.equal(domain, "www.stall.example");
  await configured({ domain: "stall.example" });
  await page.reload();
  await one.ready(page);
  await count(page, "named", 2);
  await page.evaluate(() => window.web.reset());
  await count(page, "named", 3);
  await one.settled(page);
  await page.goto(`${PAY}/cart`);
  await one.ready(page);
  await count(page, "named", 4);
  await one.settled(page);
  const events = (await found("named")).sort((a, b) => a.event_properties.number - b.event_properties.number);
  const [first, second, third, fourth] = events.map((event) => event.device_id);
  assert.deepEqual([first, second], [members(before).d, members(before).d]);
  assert.notEqual(third, second);
  assert.equal(fourth, third);
  assert.deepEqual((await cookies()).map((cookie) => cookie.domain), [".stall.example"]);
});

test("where both cookies are there already, the newest counts on both sides, and a refusal before all", async () => {
  const text = (members) => `1.${Buffer.from(JSON.stringify(members)).toString("base64url")}`;
  const [s, t] = [Date.now() - 60_000, Date.now() - 30_000];
  const given = (own, shared) =>
    one.context.addCookies([
      { name: "trackside", value: text(own), domain: "www.stall.example", path: "/" },
      { name: "trackside", value: text(shared), domain: ".stall.example", path: "/" },
    ]);
  const [older, newer] = [{ d: "host-device-1", s, t: s }, { d: "domain-device-1", s, t }];
  await given(older, newer);
  const page = await one.visit(SHOP);
  await count(page, "both", 1);
  await one.settled(page);
  assert.deepEqual((await found("both")).map((event) => event.device_id), ["domain-device-1"]);
  await configured({ domain: "stall.example" });
  await given({ c: [] }, newer);
  await page.reload();
  await one.ready(page);
  assert.equal(await page.evaluate(() => window.web.counted({ run: "both", number: 2 }).accepted), false);
  await page.evaluate(() => window.web.setConsent({ analytics: true, marketing: true }));
  await count(page, "both", 3);
  await one.settled(page);
  assert.deepEqual((await found("both")).map((event) => event.event_properties.number), [1, 3]);
  const [{ domain, value }, ...others] = await cookies();
  assert.deepEqual([domain, members(value).c, others], [".stall.example", ["analytics", "marketing"], []]);
});
