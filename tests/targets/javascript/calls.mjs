// What the tests of calls share: the modules that plan.yaml compiles to, made fresh for each test, and a client.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach } from "node:test";

const { JSDOM } = createRequire(process.env.NODE_PATH + "/")("jsdom");
const { window } = new JSDOM("", { url: "https://shop.example/" });
for (const name of ["document", "location", "localStorage"])
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true });
globalThis.addEventListener = window.addEventListener.bind(window);

export const web = await import(pathToFileURL(process.env.GENERATED + "/index.js").href);
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const ORDER = {
  order_id: "ORD-1",
  count: 2,
  gift: false,
  size: "M",
  day: "2026-01-31",
  reference: "ABCDEF01-2345-6789-ABCD-EF0123456789",
};

/** A client that writes down what it is told. */
export const recorder = (more = {}) => {
  const calls = [];
  const note =
    (name) =>
    (...args) => {
      calls.push([name, ...args]);
    };
  return {
    calls,
    track: note("track"),
    identify: (changes, options) => calls.push(["identify", changes.getUserProperties(), options]),
    setUserId: note("setUserId"),
    reset: note("reset"),
    setOptOut: note("setOptOut"),
    ...more,
  };
};

/** What the test at hand has seen: what breaks the plan, and the events that would have been sent. */
export const seen = { violations: [], captured: { events: [], stop() {} } };

export const reasons = () =>
  seen.violations.flatMap(({ problems }) => problems.map(({ property, reason }) => `${property}: ${reason}`));

beforeEach(() => {
  seen.violations = [];
  web.configure({ strict: false, onViolation: (violation) => seen.violations.push(violation) });
  web.setContext({ app_version: undefined, build: undefined });
  seen.captured = web.capture();
});

afterEach(() => seen.captured.stop());
