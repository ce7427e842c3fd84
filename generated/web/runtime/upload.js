/**
 * The way to the endpoint: records wait in the store, one key each, until the server has answered for them. Tabs share
 * the store and take turns; what a page leaves behind, the next one sends.
 */

import { allowed, count, granted, guard, options, settings } from "./state.js";
import { get, keys, put, remove, start } from "./store.js";

/**
 * An event that waits: `c` is its category, where it is not analytics, `m` when it was called, `u` when a copy may go,
 * both by the clock of the page `o`, and `p` how the wall's clock stands to that one; `x` is how long after the call it
 * dies.
 *
 * @typedef {{e: Record<string, any>, c?: string, m: number, u?: number, o: number, p: number, x?: number}} Waiting
 */

/** @type {[string, Waiting][]} what was called and is not written yet */
const fresh = [];
let calls = 0;
let last = 0; // what tells the order of events
let tries = 0;
let rest = 0; // until when the server wants to be left alone
let due = Infinity;
/** @type {(key: string, record: Waiting) => unknown} whether a copy is not due yet: they are for pages that know of them */
let hold = (_, { u }) => u;
/** @type {(key: string, record: Waiting, answer: any) => unknown} takes what the endpoint said of a copy */
let told = () => false;

/** @type {(holding: typeof hold, telling: typeof told) => void} */
export const withCopies = (holding, telling) => {
  hold = holding;
  told = telling;
};

/**
 * Seal a record: what goes out is what it says now.
 *
 * @param {any} record
 * @param {import("./event.js").Options} options
 * @returns {Waiting}
 */
export const sealed = (record, { category, life }) => {
  const m = performance.now();
  record.trackside = { who: record.user_id, consent: granted() };
  record.user_id = undefined;
  return { e: record, c: category, m, o: performance.timeOrigin, p: Date.now() - m, x: life };
};

/** @type {(key: string, record: Waiting) => void} */
export const keep = (key, record) => put(key, JSON.stringify(record));

/** Write down what was called. */
const settle = () => {
  for (const [key, record] of fresh.splice(0)) {
    // At most 1,000 wait: room for the next hundred.
    if (calls++ % 100 == 0) for (const old of keys("q.").slice(0, -900)) lose(old, "queue");
    keep(key, record);
  }
};

/** @type {(key: string, reason?: string) => void} */
export const lose = (key, reason) => {
  if (get(key) == null) return; // another tab was faster
  remove(key);
  if (reason) count(reason);
};

/**
 * Add an event to what waits, in the order of the calls also where the clock is set back.
 *
 * @param {Record<string, any>} record
 * @param {import("./event.js").Options} options
 */
export const post = (record, options) => {
  last = Math.max(last + 1, Date.now() * 1000);
  const key = start() + "q." + last + record.insert_id;
  // Written when the code that called is done: it waits for no disk.
  if (fresh.push([key, sealed(record, options)]) == 1) queueMicrotask(settle);
  schedule(500);
};

/**
 * List what waits, in order, less what has become void. What cannot be read has no time left. Where the clock was set
 * back, what this page has written goes back with it; a page that comes later cannot know.
 *
 * @returns {[string, Waiting][]}
 */
const waiting = () =>
  keys()
    .map((key) => /** @type {[string, any]} */ ([key, guard(() => JSON.parse(/** @type {any} */ (get(key)))) || {}]))
    .filter(([key, record]) => {
      const { c, m, o, p, x = Infinity } = record;
      const stands = Date.now() - performance.now();
      // One that jumped ahead may be that of a computer that slept.
      if (o == performance.timeOrigin && stands - p < -1000) {
        record.p = stands;
        keep(key, record);
      }
      const reason = m + record.p + x > Date.now() ? allowed(c) === false && "consent" : "too_old";
      if (reason) lose(key, reason);
      return !reason;
    });

/** @param {number} delay in ms, from now; what is due before stays so */
export const schedule = (delay) => {
  const time = performance.now();
  const next = Math.max(time + delay, rest);
  if (next < due) setTimeout(flush, (due = next) - time);
};

/** Send what waits now; one tab at a time does, where the browser lets them take turns. */
export const flush = async () => {
  due = Infinity;
  try {
    await navigator.locks.request(start(), () => upload());
  } catch {
    await upload();
  }
};

/** While a page goes, nobody waits for a turn; what is not answered stays for the next page. */
const leave = () => {
  // So many a request holds that outlives its page.
  if (document.hidden) upload(40);
};

/**
 * Send all that is due.
 *
 * @param {number} [most] events of one request
 */
const upload = async (most = 200) => {
  for (;;) {
    // A choice that is awaited holds it back.
    const batch = waiting()
      .filter(([key, record]) => allowed(record.c) && !hold(key, record))
      .slice(0, most);
    if (!batch[0]) return;
    const body = JSON.stringify({
      trackside: 1,
      sent_at: Date.now(),
      events: batch.map(([, { e, m, p }]) => {
        // A time that the plan takes from a property stands.
        e.time ??= Math.round(m + p);
        // What was called before the choice goes by the choice.
        e.trackside.consent ||= granted();
        return e;
      }),
    });
    let wait = Math.random() * Math.min(60_000, 2000 * 2 ** tries++);
    /** @type {any} */
    let answer;
    /** @type {any} what the endpoint says; what stands between may say 413 too, but its 400 is trouble like any other */
    let code;
    try {
      const response = await fetch(options.endpoint || /** @type {string} */ (settings.route), {
        method: "POST",
        body,
        credentials: "include",
        // Browsers take 64 kB, and a character has up to 3 bytes.
        keepalive: body.length < 20_000,
        // The other tabs wait for their turn.
        signal: AbortSignal.timeout?.(30_000),
      });
      wait = 1000 * /** @type {any} */ (response.headers.get("Retry-After")) || wait;
      code = response.status == 413 && 413;
      answer = await response.json();
      code ||= answer.code;
    } catch {
      // No answer, or not the endpoint's.
    }
    if (code == 413 && batch[1]) most = batch.length >> 1;
    else if ([200, 400, 413].includes(code)) {
      tries = 0;
      for (const [key, record] of batch)
        if (code > 200) lose(key, "code " + code);
        else if (!told(key, record, answer.trackside)) lose(key, "sent");
    } else {
      rest = performance.now() + wait;
      return schedule(0);
    }
  }
};

/** @type {import("./state.js").Part} */
export const uploads = (hasChosen) => {
  if (hasChosen) waiting(); // what is refused ends at once
  addEventListener("online", flush); // once, however often it is said
  addEventListener("visibilitychange", leave);
  schedule(500);
};
