/**
 * One visitor's story: `node story.mjs SHOP` visits the shop as a person does, and prints what happened, one JSON text a
 * line. In Chromium where Playwright and a Chromium are here, else in Node over HTTP: the same page modules either way.
 */

import { visitor as inBrowser } from "./browser.mjs";
import { visitor as inNode } from "./node.mjs";

const [shop] = process.argv.slice(2);
const print = (line) => console.log(JSON.stringify(line));

/** Do something, and tell what became of the copies that the page held. */
const step = async (text, action) => {
  const before = await visitor.stats();
  const result = await action();
  const { dropped } = await visitor.stats();
  const gained = (reason) => (dropped[reason] || 0) > (before.dropped[reason] || 0);
  const copy = ["confirmed", "refused"].find(gained) || "";
  print({ step: text, copy, order: result?.order || "", sealed: result?.sealed || null });
  return result;
};

const visitor = (await inBrowser(shop)) || (await inNode(shop));
try {
  print({ by: visitor.name });
  await visitor.open("/?utm_source=newsletter&utm_medium=email&utm_campaign=spring");
  await step("Ada lands from a newsletter, and puts a tent and a stove into the basket", async () => {
    await visitor.add("SKU-12345");
    await visitor.add("SKU-67890");
  });
  await step("Ada signs up", () => visitor.signUp("ada@example.org", "correct horse"));
  const first = await visitor.order();
  await step("She pays with a card that is declined", () => visitor.pay("4000 0000 0000 0002"));
  await step("She pays with another card, and the answer comes", () => visitor.pay("4242 4242 4242 4242"));
  await step("She logs out, comes back, logs in", async () => {
    await visitor.logOut();
    await visitor.open("/");
    await visitor.logIn("ada@example.org", "correct horse");
  });
  await visitor.add("SKU-99887");
  await visitor.order();
  await step("She buys the last mug; it is paid, and the answer is lost on its way", () =>
    visitor.pay("4242 4242 4242 4242", { isAnswerLost: true }),
  );
  await step("Two minutes later the page asks the endpoint what became of its copy", () => visitor.twoMinutesLater());
  await step("She sends the first order back; the payment provider reports the refund", () => visitor.sendBack(first.order));
  await visitor.flush();
  print({ end: await visitor.stats() });
} finally {
  await visitor.close();
}
