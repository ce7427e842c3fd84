// The cookies that the vendor's browser SDK writes, and what it says about itself.

import { createRequire } from "node:module";

const require = createRequire(process.env.NODE_PATH + "/");
const { JSDOM } = require("jsdom");

const url = "https://shop.example/?utm_source=" + encodeURIComponent("Größe & Co") + "&utm_medium=letter";
const { window } = new JSDOM("", { url });
for (const name of [
  "window",
  "document",
  "location",
  "history",
  "localStorage",
  "sessionStorage",
  "navigator",
  "CustomEvent",
  "Event",
])
  Object.defineProperty(globalThis, name, { value: name === "window" ? window : window[name], configurable: true });
for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"])
  globalThis[name] = window[name].bind(window);

const amplitude = require("@amplitude/analytics-browser");
const apiKey = "0123456789abcdef";
await amplitude.init(apiKey, "user-12345", {
  autocapture: { attribution: true, sessions: true, pageViews: false },
  remoteConfig: { fetchRemoteConfig: false },
  enableDiagnostics: false,
  logLevel: 0,
  // Nothing is sent: what is asked here is what the SDK stores.
  transportProvider: { send: async () => null },
}).promise;
const cookies = window.document.cookie;
const known = { device_id: amplitude.getDeviceId(), session_id: amplitude.getSessionId() };
amplitude.setOptOut(true);
process.stdout.write(
  JSON.stringify({ api_key: apiKey, cookies, ...known, opted_out: window.document.cookie }) + "\n",
  () => process.exit(0),
);
