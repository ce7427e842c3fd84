// Call sites that must compile, and call sites that must not: each `@ts-expect-error` is itself an error where the line
// below it compiles. types_test.py puts this file beside the folder that plan.yaml compiles to.

import * as amplitude from "@amplitude/analytics-browser";
import * as web from "./web/index.js";
import type { CapturedEvent, Json, Line, OrderPaid, PageViewed, Pending, Receipt, UserProperties } from "./web/index.js";
// @ts-expect-error a server-only event has no function in the browser
import { secretRefundMade } from "./web/index.js";

// --- set-up ---

amplitude.init("key", web.sdkOptions);
web.configure({ client: amplitude, strict: false, onViolation: ({ event, problems }) => console.warn(event, problems) });
web.configure({ client: amplitude.createInstance() });
web.configure({ client: { track: (name: string, properties?: object) => `${name}${String(properties)}` } });
web.configure({ client: undefined, onViolation: undefined });
// @ts-expect-error a client has a function `track`
web.configure({ client: {} });
// @ts-expect-error no such option
web.configure({ stict: true });

// --- properties ---

const receipt: Receipt = web.pageViewed({ page_path: "/", page_type: "home" });
const id: string | undefined = receipt.insertId;
const title: string | undefined = id;
web.pageViewed({ page_path: "/", page_type: "home", page_title: "Home" });
web.pageViewed({ page_path: "/", page_type: "home", page_title: undefined });
web.pageViewed({ page_path: "/", page_type: "home", page_title: title });
const page: PageViewed = { page_path: "/", page_type: "product" };
web.pageViewed(page);
// @ts-expect-error not one of the values
web.pageViewed({ page_path: "/", page_type: "garden" });
// @ts-expect-error a wider type than the values
web.pageViewed({ page_path: "/", page_type: "home" as string });
// @ts-expect-error `page_type` is missing
web.pageViewed({ page_path: "/" });
// @ts-expect-error a required property is not undefined
web.pageViewed({ page_path: "/", page_type: undefined });
// @ts-expect-error no property of the event
web.pageViewed({ page_path: "/", page_type: "home", page_titel: "Home" });
// @ts-expect-error camelCase is not what the plan has
web.pageViewed({ pagePath: "/", page_type: "home" });
// @ts-expect-error not nullable
web.pageViewed({ page_path: "/", page_type: "home", page_title: null });
// @ts-expect-error properties go in an object
web.pageViewed("/", "home");
// @ts-expect-error the event has required properties
web.pageViewed();
// @ts-expect-error no second argument
web.pageViewed({ page_path: "/", page_type: "home" }, { userId: "user-1" });

web.everythingSeen({});
web.everythingSeen();
web.everythingSeen({
  text: "ab", code: "a", integer: 1, number: 1.5, bounded: 2, boolean: true, date: "2026-01-31", datetime: new Date(),
  uuid: "u", url: "https://a.example", any: { a: [1, "x", null, { b: true }] }, step: 2, day: "2026-12-31",
  word: "</script>", nothing: null, words: ["a"], unique: [1, "1"], scores: { a: 1 }, moments: [new Date(), "x"],
  lines: [{ sku: "ABC", quantity: 1, price: null }, { sku: "ABC", quantity: 1, price: 2, note: undefined }],
});
web.everythingSeen({ nothing: undefined, datetime: "2026-01-31T12:00:00Z", word: "\u2028" });
const readonlyWords: readonly string[] = ["a"];
const readonlyLines: readonly Readonly<Line>[] = [];
web.everythingSeen({ words: readonlyWords, lines: readonlyLines });
// @ts-expect-error a date is text, never a Date
web.everythingSeen({ date: new Date() });
// @ts-expect-error a BigInt is no number
web.everythingSeen({ integer: 1n });
// @ts-expect-error not one of the numbers
web.everythingSeen({ step: 3 });
// @ts-expect-error text is no number
web.everythingSeen({ number: "1" });
// @ts-expect-error null is no value of this property
web.everythingSeen({ words: null });
// @ts-expect-error nor of an item
web.everythingSeen({ words: [null] });
// @ts-expect-error a constant is not an argument
web.everythingSeen({ fixed: 7 });
// @ts-expect-error nor within an object
web.everythingSeen({ lines: [{ sku: "ABC", quantity: 1, price: 1, kind: "goods" }] });
// @ts-expect-error an object has all it requires
web.everythingSeen({ lines: [{ sku: "ABC", quantity: 1 }] });
// @ts-expect-error a server-only property, at any depth
web.everythingSeen({ lines: [{ sku: "ABC", quantity: 1, price: 1, secret_cost: 1 }] });
// @ts-expect-error a Date is not JSON
web.everythingSeen({ any: new Date() });
// @ts-expect-error a function is not JSON
web.everythingSeen({ any: { a: () => 1 } });
const json: Json = [{ a: [] }];
web.everythingSeen({ any: json });

web.heartBeat();
// @ts-expect-error the event has no properties
web.heartBeat({ a: 1 });

// --- hybrid events ---

const paid: OrderPaid = { order_id: "ORD-1", total: 1, currency: "EUR" };
const copy: Pending = web.orderPaid.pending(paid);
void fetch("/api/orders", { method: "POST", headers: copy.headers });
const answered: Promise<Response> = copy.settle(web.trackedFetch("/api/orders", { method: "POST", headers: copy.headers }));
const response: Response = copy.settle(await answered);
copy.settle(new TypeError(response.statusText));
copy.drop();
// @ts-expect-error the page does not send it
copy.send();
// @ts-expect-error the browser does not assert the server's fact
web.orderPaid(paid);
// @ts-expect-error nor send without a copy
web.orderPaid.send();
// @ts-expect-error a server-only property
web.orderPaid.pending({ ...paid, secret_margin: 1 });
// @ts-expect-error `currency` is missing
web.orderPaid.pending({ order_id: "ORD-1", total: 1 });
// @ts-expect-error nobody is signed in by it
copy.settle(response, { userId: "user-1" });
web.signedUp.pending({ method: "email" }).settle(response, { userId: "user-1" });
web.signedUp.pending({ method: "email" }).settle(response);
// @ts-expect-error an id is text
web.signedUp.pending({ method: "email" }).settle(response, { userId: 1 });
web.giftSent({ gift_id: "G1" });

// --- people, context, consent ---

web.loggedIn({ method: "google" }, { userId: "user-1" });
// @ts-expect-error who logged in?
web.loggedIn({ method: "google" });
// @ts-expect-error an id is text
web.loggedIn({ method: "google" }, { userId: 1 });
web.loggedOut();
web.login("user-1");
web.reset();
web.optOut();
web.optOut(false);
web.configure();
web.configure({ endpoint: "https://t.acme.example/t", origins: ["https://api.acme.example"], domain: "acme.example" });
const init: RequestInit = web.carry(new URL("https://acme.example/api"), { method: "POST" });
void fetch("/api", web.carry(new Request("/api"), init));
const flushed: Promise<void> = web.flush();
void flushed;
// @ts-expect-error carried to where?
web.carry();
const known: UserProperties = { nickname: "Bo", visits: 1, old_name: true };
web.identify(known);
web.identify({ nickname: undefined });
// @ts-expect-error a server-only user property
web.identify({ secret_segment: "SECRET_VIP" });
// @ts-expect-error a number is added, not text
web.identify({ visits: "1" });
web.setContext({ build: 1 });
web.setContext({ app_version: undefined });
// @ts-expect-error not in the context
web.setContext({ version: "1" });
web.setConsent({ analytics: true, marketing: false });
// @ts-expect-error no such category
web.setConsent({ necessary: true });

// --- tests of a page ---

const capture = web.capture();
const events: readonly CapturedEvent[] = capture.events;
capture.stop();
console.log(events.length, web.stats().dropped["refused"], secretRefundMade);
