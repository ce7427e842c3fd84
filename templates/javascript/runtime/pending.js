/**
 * The client's copy of a fact that the server owns. It asserts nothing by itself: it is stored before the request
 * leaves, and ends with what the page learns of the request, on this page or on the next.
 */

import { LOST, jobOf, judge, seal } from "./event.js";
import { allowed, drop, guard, state, tell } from "./state.js";
import { get, inPage, keys } from "./store.js";
import { COPIES, keep, lose, schedule, sealed, uploads } from "./upload.js";
import { cookie, readConfirmed } from "./wire.js";

/** How much longer than its grace a copy stays with the page that made it; a page that lives asks for more. */
const LEASE = 60_000;

/** @type {Set<() => void>} what becomes of the copies that are open when the page goes */
const open = new Set();

const leave = () => open.forEach((abandon) => guard(abandon));

/** Drop what a navigation's answer has confirmed. */
const sweep = () => {
  const facts = readConfirmed(guard(() => decodeURIComponent(cookie("trackside_ok") || "")));
  for (const key of keys(COPIES)) if (facts.some((fact) => key.endsWith("." + fact))) lose(key, "confirmed");
};

/** @type {typeof uploads} */
const copies = (what) => {
  if (inPage() && what == "begin") {
    addEventListener("pagehide", leave); // once, however often it is said
    sweep();
    uploads(what);
  }
  return 0; // what waits is counted with the uploads
};

/**
 * Declare a hybrid event: the object that the page asks for copies.
 *
 * @param {import("./state.js").Plan} plan
 * @param {string} name
 * @param {import("./values.js").Shape} [required]
 * @param {import("./values.js").Shape} [optional]
 * @param {import("./event.js").Options} [options]
 */
export const hybrid = (plan, name, required, optional, options = {}) => {
  const { grace = 30, signIn, replay } = options;
  const wait = grace * 1000;
  state.parts.add(copies);
  if (!state.settings.timeout) state.parts.add(uploads); // beside the vendor's SDK
  state.replay ||= replay;
  return {
    /**
     * Seal a copy.
     *
     * @param {any} [properties]
     * @returns {import("./api.js").Pending<any>}
     */
    pending(properties) {
      let key = "";
      let insertId = "";
      /** @type {ReturnType<typeof setInterval> | undefined} */
      let timer;

      /** @type {(due: number, copy?: string) => void} */
      const change = (due, copy) => {
        const text = get(key);
        if (!text) return; // it has ended, in another tab perhaps
        const record = JSON.parse(text);
        record.u = Date.now() + due;
        if (copy) record.e.trackside.copy = copy;
        keep(key, record);
        schedule(due);
      };
      const abandon = () => change(wait);
      const close = () => {
        clearInterval(timer);
        open.delete(abandon);
      };
      /** @param {string} reason */
      const end = (reason) => {
        close();
        lose(key, reason);
      };

      /** @type {(outcome: any, call: any) => void} */
      const conclude = (outcome, call) => {
        const { status = 0, headers } = Object(outcome);
        /** @param {string} header */
        const said = (header) => headers && headers.get && headers.get("Trackside-" + header);
        const isFact = status > 199 && status < 300 && said("Outcome") != "none";
        if (isFact && call && signIn?.(call.userId)) state.client?.setUserId?.(call.userId);
        if (!key) return;
        if (isFact && readConfirmed(said("Confirmed")).includes(insertId)) end("confirmed");
        else if (status && !isFact) end("refused");
        else {
          close();
          sweep(); // a redirect may have left a cookie
          change(wait, status ? "unconfirmed" : "unknown");
        }
      };

      const receipt =
        guard(() => {
          tell("begin");
          const copy = seal(plan, name, properties, required, optional, options);
          return judge(copy, () => {
            const { record } = copy;
            const job = { ...jobOf(options), send() {} };
            const isRefused = allowed(job.category) === false;
            if (!isRefused && state.client?.hold) {
              state.client.hold(record);
              return true;
            }
            if (isRefused || !inPage()) {
              drop(isRefused ? "consent" : "no_page");
              return false;
            }
            insertId = record.insert_id;
            key = `${COPIES}${record.device_id}.${insertId}`;
            const waiting = sealed(record, job, { u: Date.now() + wait + LEASE, s: options.sendUnknown });
            waiting.e.trackside.copy = "unknown";
            keep(key, waiting);
            timer = setInterval(() => guard(() => change(wait + LEASE)), wait);
            open.add(abandon);
            return true;
          });
        }) || LOST;
      return {
        ...receipt,
        settle(/** @type {any} */ outcome, /** @type {any} */ call) {
          guard(() => {
            if (outcome && typeof outcome.then == "function")
              outcome.then(
                (/** @type {any} */ response) => guard(() => conclude(response, call)),
                () => guard(() => conclude(0, call)),
              );
            else conclude(outcome, call);
          });
          return outcome;
        },
        drop: () => void guard(() => end("copy")),
      };
    },
  };
};
