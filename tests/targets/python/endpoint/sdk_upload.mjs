// The vendor's own browser SDK, in a window of jsdom, sends to an endpoint: SERVER_URL. Prints what it says of each.

import { createRequire } from "node:module";

const require = createRequire(process.env.NODE_PATH + "/");
const { JSDOM } = require("jsdom");
const { window } = new JSDOM("<a id=link href='#'>x</a>", {
  url: process.env.SERVER_URL + "?utm_source=letter&gclid=abc",
});
const names = ["window", "document", "location", "history", "localStorage", "sessionStorage", "navigator"];
for (const name of [...names, "CustomEvent", "Event", "MutationObserver"])
  Object.defineProperty(globalThis, name, { value: name == "window" ? window : window[name], configurable: true });
for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"])
  globalThis[name] = window[name].bind(window);
const amplitude = require("@amplitude/analytics-browser");

await amplitude.init("0123456789abcdef", {
  serverUrl: process.env.SERVER_URL,
  userId: process.env.USER_ID,
  autocapture: { attribution: true, sessions: true, pageViews: true, pageUrlEnrichment: true },
  remoteConfig: { fetchRemoteConfig: false },
  enableDiagnostics: false,
  enableRequestBodyCompression: process.env.COMPRESS == "1",
  logLevel: 0,
}).promise;
const metadata = { ingestion_metadata: { source_name: "stall/web", source_version: "2.0.0" } };
const identify = new amplitude.Identify().set("colour", "red").set("rank", "admin");
const sent = [
  amplitude.track("viewed", { path: "/", depth: 3 }, metadata),
  amplitude.track("viewed", { path: "/again", tax: 1 }, metadata),
  amplitude.track("shipped", { parcel: "P" }),
  amplitude.track("paid", { order: "O-1", total: 9.5 }, { insert_id: process.env.PAID, user_id: null, revenue: 5 }),
  amplitude.identify(identify),
  amplitude.revenue(new amplitude.Revenue().setPrice(3)),
];
await amplitude.flush().promise;
const results = await Promise.all(sent.map(({ promise }) => promise));
console.log(JSON.stringify({ codes: results.map(({ code }) => code), device: amplitude.getDeviceId() }));
process.exit(0);
