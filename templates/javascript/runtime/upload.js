/**
 * The way to the endpoint: records wait in the store, one key each, until the server has answered for them. Tabs share
 * the store and take turns; what a page leaves behind, the next one sends.
 */

import { LONGEST_QUEUE, allowed, drop, granted, guard, state } from "./state.js";
import { get, inPage, keys, put, putSoon, remove } from "./store.js";
import { uuid4 } from "./uuid.js";
import { hash } from "./wire.js";

/**
 * An event that waits: `c` is its category, `u` when it may go, `x` when it is too old to be sent, `w` how the wall's
 * clock stood to the one of the page `p`; `s` is there when a copy is sent although nobody knows of the fact.
 *
 * @typedef {{e: Record<string, any>, c: string, u?: number, x?: number, w: number, p: string, s?: boolean}} Waiting
 */

const START = "trackside.";
const EVENTS = START + "q.";
/** Pending copies, each under its device_id and insert_id. */
export const COPIES = START + "c.";

const MINUTE = 60_000;
/** Characters of a request that outlives its page: browsers take 64 kB, and a character has up to 3 bytes. */
const PARTING = 20_000;
/** Characters of any other, of the endpoint's 1 MB. */
const LARGEST = 300_000;

let most = 500; // events of one request
let count = 0; // events added since the queue was last measured
let last = 0; // what tells the order of events
let tries = 0;
let rest = 0; // until when the server wants to be left alone
let due = Infinity;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {string | undefined} what tells this page's records from those of other tabs */
let page;
/** @type {Record<string, boolean>} */
const underway = {};

const drift = () => Date.now() - performance.now();

/**
 * Seal a record: what goes out is what it says now.
 *
 * @param {Record<string, any>} record
 * @param {import("./state.js").Job} job
 * @param {object} [more]
 * @returns {Waiting}
 */
export const sealed = ({ user_id: user, device_id, ...record }, { category, life }, more) => {
  const time = Date.now();
  const trackside = { who: typeof user == "string" ? hash(user) : (user ?? undefined), consent: granted() };
  return {
    e: { time, session_id: state.client?.getSessionId?.(), ...record, device_id: device_id ?? undefined, trackside },
    c: category,
    x: life && time + life,
    w: drift(),
    p: (page ||= uuid4()),
    ...more,
  };
};

/** @type {(key: string, record: Waiting) => void} */
export const keep = (key, record) => put(key, JSON.stringify(record));

/** @type {(key: string, reason?: string) => void} */
export const lose = (key, reason) => {
  if (get(key) == null) return; // another tab was faster
  remove(key);
  if (reason) drop(reason);
};

/**
 * Add an event to what waits, in the order of the calls also where the clock is set back.
 *
 * @param {Record<string, any>} record
 * @param {import("./state.js").Job} job
 */
export const post = (record, job) => {
  uploads("begin");
  const queue = count++ % 100 ? [] : keys(EVENTS);
  for (const key of queue.slice(0, -LONGEST_QUEUE)) lose(key, "queue");
  last = Math.max(last + 1, Date.now(), ...queue.slice(-1).map((key) => parseInt(key.slice(EVENTS.length), 36) + 1));
  const text = JSON.stringify(sealed(record, job));
  putSoon(`${EVENTS}${last.toString(36)}.${page}`, text);
  schedule(500);
};

/** List what waits, in order, less what has become void. */
const records = () => {
  /** @type {[string, Waiting][]} */
  const found = [];
  for (const key of [...keys(COPIES), ...keys(EVENTS)])
    try {
      const record = JSON.parse(/** @type {string} */ (get(key)));
      const reason = allowed(record.c) === false ? "consent" : record.x < Date.now() ? "too_old" : "";
      if (reason) lose(key, reason);
      else found.push([key, record]);
    } catch {
      lose(key, "error");
    }
  return found;
};

/** @param {number} delay in ms, from now; what is due before stays so */
export const schedule = (delay) => {
  const time = performance.now() + delay;
  if (time > due) return;
  due = time;
  clearTimeout(timer);
  timer = setTimeout(flush, delay);
};

/** Send what waits now; one tab at a time does. */
export const flush = async () => {
  due = Infinity;
  const { locks } = navigator;
  if (rest > performance.now()) schedule(rest - performance.now());
  else await (locks ? locks.request(START, () => upload()) : lease()).catch(() => drop("error"));
};

/** Take turns where there are no locks. Two tabs that take one turn send the same events, which count once. */
const lease = async () => {
  const key = START + "lease";
  if (+(get(key) || 0) > Date.now()) return schedule(1000);
  put(key, "" + (Date.now() + MINUTE));
  await upload();
  remove(key);
};

/**
 * Send all that is due.
 *
 * @param {number} [longest] characters of a request
 */
const upload = async (longest = LARGEST) => {
  for (;;) {
    /** @type {[string, Waiting][]} */
    const batch = [];
    let size = 0;
    for (const [key, record] of records()) {
      const delay = (record.u || 0) - Date.now();
      if (delay > 0) schedule(Math.min(delay, MINUTE));
      // A choice that is awaited holds it back.
      else if (allowed(record.c) && !underway[key] && batch.length < most) {
        size += JSON.stringify(record).length;
        if (size < longest || !batch[0]) batch.push([key, record]);
        else break;
      }
    }
    if (!batch[0]) return;
    if (state.replay) {
      batch.forEach(state.replay);
      continue;
    }
    if (navigator.onLine === false) return; // the event `online` comes
    const events = batch.map(([key, { e, w, p }]) => {
      underway[key] = true;
      // A clock that was set back since the call; one that jumped ahead may be that of a computer that slept.
      const back = p == page ? drift() - w : 0;
      return { ...e, time: e.time + (back < -1000 ? back : 0) };
    });
    let status = 0;
    let wait = 0;
    /** @type {any} */
    let answer;
    try {
      const response = await fetch(state.options.endpoint || /** @type {string} */ (state.settings.route), {
        method: "POST",
        body: JSON.stringify({ trackside: 1, sent_at: Date.now(), events }),
        credentials: "include",
        keepalive: size < PARTING,
        signal: AbortSignal.timeout?.(MINUTE / 2),
      });
      status = response.status;
      wait = 1000 * +(response.headers.get("Retry-After") || 0);
      answer = await response.json();
    } catch {
      // No answer, or not the endpoint's.
    }
    for (const [key] of batch) delete underway[key];
    const isTaken = status == 200 && answer && answer.code == 200;
    if (isTaken || status == 400 || (status == 413 && !batch[1])) {
      const { known = [], later = [] } = (isTaken && answer.trackside) || {};
      tries = 0;
      for (const [key, record] of batch) {
        const { insert_id } = record.e;
        if (later.includes(insert_id)) {
          if (get(key)) keep(key, { ...record, u: Date.now() + MINUTE });
        } else if (isTaken && !known.includes(insert_id)) {
          state.sent++;
          remove(key);
        } else lose(key, isTaken ? "confirmed" : "code " + status);
      }
    } else if (status == 413) most = batch.length >> 1;
    else {
      wait ||= Math.random() * Math.min(MINUTE, 1000 * 2 ** ++tries);
      rest = performance.now() + wait;
      return schedule(wait);
    }
  }
};

let isListening = false;

/** @type {(what: import("./state.js").What) => unknown} */
export const uploads = (what) => {
  if (what == "flush") {
    rest = 0;
    return inPage() && flush();
  }
  if (what == "count") return keys(START).filter((key) => /[.][cq][.]/.test(key)).length;
  // Written down anew, where it may now be.
  if (what == "consent") for (const [key, record] of records()) keep(key, record);
  if (isListening || !inPage()) return;
  isListening = true;
  addEventListener("online", () => uploads("flush"));
  // While a page goes, nobody waits for a turn; what is not answered stays for the next page.
  for (const type of ["pagehide", "visibilitychange"])
    addEventListener(type, () => document.visibilityState == "hidden" && guard(() => upload(PARTING)));
  schedule(0);
};
