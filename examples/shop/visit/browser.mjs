/** A visitor in a real browser, who sees the page and presses its buttons. */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const playwright = () => {
  for (const folder of [ROOT, join(ROOT, "tests")])
    try {
      return createRequire(join(folder, "package.json"))("playwright-core");
    } catch {
      // not installed here
    }
};

const chromium = () =>
  process.env.CHROMIUM ||
  (process.env.PATH || "")
    .split(delimiter)
    .flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)))
    .find(existsSync);

/** @param {string} shop */
export const visitor = async (shop) => {
  const [driver, executablePath] = [playwright(), chromium()];
  if (!driver || !executablePath || process.env.SHOP_VISIT == "node") return undefined;
  const browser = await driver.chromium.launch({ executablePath, args: ["--no-sandbox"] }).catch((error) => {
    console.error(`${executablePath} does not start: ${String(error).split("\n")[0]}`);
  });
  if (!browser) return undefined;
  const page = await (await browser.newContext({ locale: "en-GB" })).newPage();
  page.setDefaultTimeout(20_000);
  page.on("console", (message) => {
    if (/Content Security Policy|breaks the tracking plan/.test(message.text())) console.error(message.text());
  });
  page.on("pageerror", (error) => console.error(String(error)));

  const read = () => page.evaluate(() => ({ ...localStorage }));
  const answered = (path) => page.waitForResponse((response) => new URL(response.url()).pathname == path);
  const press = (name) => page.getByRole("button", { name }).click();
  const until = async (holds) => {
    for (let tries = 0; tries < 200; tries++) {
      if (holds(Object.keys(await read()))) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the page still holds what it should have sent");
  };
  const send = async () => {
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await until((keys) => !keys.some((key) => key.startsWith("trackside.acme-shop/web.q.")));
  };

  return {
    name: `Chromium ${browser.version()}`,
    open: async (path) => {
      await page.goto(shop + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
    },
    add: async (product) => {
      await page.locator(".brand").click();
      await page.locator(`a[href="/p/${product}"]`).click();
      await press("Add to basket");
      await page.getByText("in your basket").waitFor();
    },
    signUp: async (email, password) => {
      await page.locator("#account-link").click();
      await page.locator("#new-email").fill(email);
      await page.locator("#new-password").fill(password);
      await press("Sign up");
      await page.locator("#log-out").waitFor();
    },
    logIn: async (email, password) => {
      await page.locator("#account-link").click();
      await page.locator("#known-email").fill(email);
      await page.locator("#known-password").fill(password);
      await press("Log in");
      await page.locator("#log-out").waitFor();
    },
    logOut: async () => {
      await page.locator("#account-link").click();
      await page.locator("#log-out").click();
      await page.getByText("Few things").waitFor();
    },
    order: async () => {
      await page.locator("#cart-link").click();
      await page.locator("#check-out").click();
      await page.locator("#card").waitFor();
      return { order: await page.locator(".panel h2").textContent() };
    },
    pay: async (card, { isAnswerLost = false } = {}) => {
      const order = await page.locator(".panel h2").textContent();
      let sealed;
      await page.route("**/api/orders/complete", async (route) => {
        const response = await route.fetch();
        // What the page has stored before its request left.
        const copy = Object.entries(await read()).find(([key]) => key.startsWith("trackside.acme-shop/web.c."));
        const { e, m, p } = JSON.parse(copy ? copy[1] : "{}");
        sealed = e && { ...e, time: Math.round(m + p) };
        if (isAnswerLost) await route.abort();
        else await route.fulfill({ response });
      });
      await page.locator("#card").fill(card);
      const done = isAnswerLost ? page.waitForEvent("requestfailed") : answered("/api/orders/complete");
      await press(/^Pay/);
      await done;
      await page.getByText(/Thank you|declined the card|did not answer/).first().waitFor();
      await page.unroute("**/api/orders/complete");
      return { order, sealed };
    },
    twoMinutesLater: async () => {
      await send(); // what else waits is of before
      await page.evaluate(() => {
        const [now, performed] = [Date.now, performance.now.bind(performance)];
        Date.now = () => now() + 125_000;
        performance.now = () => performed() + 125_000;
      });
      await send();
      await until((keys) => !keys.some((key) => key.startsWith("trackside.acme-shop/web.c.")));
    },
    sendBack: async (order) => {
      await page.goto(`${shop}/orders/${order}`);
      await press("Send it back");
      await page.getByText("refunded").waitFor();
    },
    flush: send,
    stats: async () =>
      page.url() == "about:blank"
        ? { dropped: {} }
        : page.evaluate(async () => (await import(new URL("/generated/web/index.js", location.href).href)).stats()),
    close: () => browser.close(),
  };
};
