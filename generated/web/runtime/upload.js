/**
 * The way to the endpoint: records wait in the store, one key each, until the server has answered for them. Tabs share
 * the store and take turns; what a page leaves behind, the next one sends.
 */

import { allowed, count, granted, guard, options, settings } from "./state.js";
import { get, keys, put, remove, start } from "./store.js";

/**
 * An event that waits: `c` is its category, `x` the age at which it is too old to be sent, `u` that at which a copy may
 * go. `o` says of which page it is, by when that began, `n` when it was called by that page's own clock, and `p` how the
 * wall's clock stands to that one.
 *
 * @typedef {{e: Record<string, any>, c: string, u?: number, x?: number, o: number, n: number, p: number}} Waiting
 */

/** The kind of what waits that is an event. */
const EVENTS = "q.";

/** How many events wait at most; beyond it the oldest go. */
const LONGEST_QUEUE = 1000;
const MINUTE = 60_000;
/** Events of a request that outlives its page. */
const PARTING = 40;
/** Its characters: browsers take 64 kB, and a character has up to 3 bytes. */
const LARGEST_PARTING = 20_000;

/** @type {[string, Waiting][]} what was called and is not written yet */
const fresh = [];
let calls = 0;
let last = 0; // what tells the order of events
let tries = 0;
let rest = 0; // until when the server wants to be left alone
let due = Infinity;
/**
 * What there is to do for pending copies: whether one is not due yet, and what the endpoint said of one.
 *
 * @type {{
 *   hold(record: Waiting, key: string): unknown,
 *   told(key: string, record: Waiting, answer: any): unknown,
 * } | undefined}
 */
let copies;

/** @param {typeof copies} given */
export const withCopies = (given) => {
  copies = given;
};

/** Tell how the wall's clock stands to the page's, which nobody sets. */
const stand = () => Date.now() - performance.now();

/** @type {(record: Waiting) => number} the ms since the call */
export const age = ({ n, p }) => Date.now() - n - p;

/**
 * Seal a record: what goes out is what it says now.
 *
 * @param {any} record
 * @param {import("./event.js").Options} options
 * @returns {Waiting}
 */
export const sealed = (record, { category = "analytics", life }) => {
  record.trackside = { who: record.user_id, consent: granted() };
  record.user_id = undefined;
  // One with a key dies a day before its key does.
  return { e: record, c: category, x: life, o: performance.timeOrigin, n: performance.now(), p: stand() };
};

/** @type {(key: string, record: Waiting) => void} */
export const keep = (key, record) => put(key, JSON.stringify(record));

/** Write down what was called. */
const settle = () => {
  for (const [key, record] of fresh.splice(0)) {
    // Room for the next hundred.
    if (calls++ % 100 == 0) for (const old of keys(EVENTS).slice(0, 100 - LONGEST_QUEUE)) lose(old, "queue");
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
  const key = start() + EVENTS + last + record.insert_id;
  // Written when the code that called is done: it waits for no disk.
  if (fresh.push([key, sealed(record, options)]) == 1) queueMicrotask(settle);
  schedule(500);
};

/**
 * List what waits, in order, less what has become void; what cannot be read is. Where the clock was set back, what this
 * page has written goes back with it: a page that comes later cannot know.
 */
const waiting = () =>
  keys().flatMap((key) => {
    /** @type {Waiting} */
    const record = guard(() => JSON.parse(/** @type {string} */ (get(key)))) || {};
    const { c, o, p, x = Infinity } = record;
    // One that jumped ahead may be that of a computer that slept.
    if (o == performance.timeOrigin && stand() - p < -1000) {
      record.p = stand();
      keep(key, record);
    }
    const reason = age(record) < x ? allowed(c) === false && "consent" : "too_old";
    if (reason) lose(key, reason);
    // A time that the plan takes from a property stands.
    else record.e.time ??= Math.round(record.n + record.p);
    return reason ? [] : [/** @type {[string, Waiting]} */ ([key, record])];
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
  if (document.hidden) upload(PARTING);
};

/**
 * Send all that is due.
 *
 * @param {number} [most] events of one request
 */
const upload = async (most = 200) => {
  for (;;) {
    // A choice that is awaited holds it back; and copies are for pages that know of them.
    const batch = waiting()
      .filter(([key, record]) => allowed(record.c) && (copies ? !copies.hold(record, key) : !record.u))
      .slice(0, most);
    if (!batch[0]) return;
    const body = JSON.stringify({
      trackside: 1,
      sent_at: Date.now(),
      events: batch.map(([, { e }]) => {
        // What was called before the choice goes by the choice.
        e.trackside.consent = e.trackside.consent || granted();
        return e;
      }),
    });
    let status = 0;
    let wait = Math.random() * Math.min(MINUTE, 2000 * 2 ** tries++);
    /** @type {any} */
    let answer;
    try {
      const response = await fetch(options.endpoint || /** @type {string} */ (settings.route), {
        method: "POST",
        body,
        credentials: "include",
        keepalive: body.length < LARGEST_PARTING,
        // The other tabs wait for their turn.
        signal: AbortSignal.timeout?.(MINUTE / 2),
      });
      status = response.status;
      wait = 1000 * /** @type {any} */ (response.headers.get("Retry-After")) || wait;
      answer = await response.json();
    } catch {
      // No answer, or not the endpoint's.
    }
    // What stands between a page and the endpoint answers 400 too: only the endpoint's own word ends a batch.
    const isTaken = answer?.code == 200;
    if (status == 413 && batch[1]) most = batch.length >> 1;
    else if (isTaken || answer?.code == 400 || status == 413) {
      tries = 0;
      for (const [key, record] of batch)
        if (!isTaken || !copies?.told(key, record, answer.trackside)) lose(key, isTaken ? "sent" : "code " + status);
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
