// A person at a browser of their own, on a site of ours.

import { createRequire } from "node:module";
import { until } from "./site.mjs";

const require = createRequire(process.env.NODE_PATH + "/");

export const launchBrowser = (...args) =>
  require("playwright-core").chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", ...args] });

/** A person on a line of their own, if they are not to share one. A path may be a whole address. */
export const person = async (browser, stack, given = undefined) => {
  const context = await browser.newContext();
  const line = given ?? (await stack.line());
  const complaints = [];
  const ready = (page) => page.waitForFunction(() => document.title === "Ready");
  return {
    context,
    line,
    complaints,
    ready,
    visit: async (path = "/", options = {}) => {
      const page = await context.newPage();
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("console", (message) => /Content Security/.test(message.text()) && complaints.push(message.text()));
      await page.goto(new URL(path, line.origin).href, options);
      await ready(page);
      return page;
    },
    /** Close a tab as a person does. */
    leave: async (page) => {
      const closed = page.waitForEvent("close");
      await page.close({ runBeforeUnload: true });
      await closed;
    },
    waiting: (page) => page.evaluate(() => window.web.stats().waiting),
    /** Wait until the page has nothing left, and the server neither. */
    settled: async (page) => {
      await until(async () => (await page.evaluate(() => window.web.stats().waiting)) === 0, "an empty page", 30_000);
      await stack.delivered();
    },
    close: async () => {
      await context.close();
      line.close();
      if (complaints.length) throw new Error(complaints.join("\n"));
    },
  };
};
