// What is rendered on a server, through the vendor's SDK: it is nobody's, so nothing is sent, waits or is kept. A test may
// capture there all the same. Run by calls_test.py, without a document.

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { test } from "node:test";

const web = await import(pathToFileURL(process.env.GENERATED + "/index.js").href);
const HOME = { page_path: "/", page_type: "home" };
const PAID = { order_id: "ORD-1", total: 5, currency: "EUR" };

/** Do all that a page can do; give what is answered. */
const render = () => {
  web.setContext({ build: 1 });
  web.login("person-a");
  const answers = [
    web.pageViewed(HOME),
    web.loggedIn({ method: "email" }, { userId: "person-a" }),
    web.identify({ nickname: "Bo" }),
    web.orderPaid.pending(PAID),
    web.loggedOut(),
  ];
  web.optOut(false);
  web.reset();
  return answers;
};

test("neither a client nor a queue gets anything, and each call is counted", async () => {
  const calls = [];
  const told = (name) => () => void calls.push(name);
  const client = Object.fromEntries(
    ["track", "identify", "setUserId", "reset", "setOptOut"].map((name) => [name, told(name)]),
  );
  for (const given of [undefined, client]) {
    web.configure({ client: given });
    const before = web.stats();
    const answers = render();
    assert.deepEqual(answers.map((receipt) => receipt.accepted), Array(answers.length).fill(false));
    assert.deepEqual(answers.flatMap((receipt) => receipt.problems), []);
    const [, , , copy] = answers;
    assert.match(copy.insertId, /^[0-9a-f-]{36}$/);
    assert.equal(copy.settle(5), 5);
    copy.drop();
    const { accepted, sent, waiting, dropped } = web.stats();
    assert.deepEqual([accepted - before.accepted, sent, waiting], [5, 0, 0]);
    assert.deepEqual(dropped, { no_page: (before.dropped.no_page ?? 0) + 5 });
  }
  await web.flush();
  web.configure({ client });
  assert.deepEqual(calls, []);
});

test("a test may capture", () => {
  const { events, copies, stop } = web.capture();
  const inner = web.capture();
  inner.stop();
  const answers = render();
  stop();
  assert.deepEqual(answers.map((receipt) => receipt.accepted), Array(answers.length).fill(true));
  assert.deepEqual(events.map((event) => event.event_type), ["page_viewed", "logged_in", "$identify", "logged_out"]);
  assert.equal(copies.length, 1);
  assert.equal(web.pageViewed(HOME).accepted, false);
  assert.equal(events.length, 4);
});
