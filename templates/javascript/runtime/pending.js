/**
 * The client's copy of a fact that the server owns. It asserts nothing by itself: it is stored before the request
 * leaves, and ends with what the page learns of the request, on this page or on the next.
 */

import { blank, seal } from "./event.js";
import { count, guard, parts, tell } from "./state.js";
import { get, inPage, keys, start } from "./store.js";
import { keep, lose, schedule, sealed, uploads, withCopies } from "./upload.js";
import { cookies, readConfirmed } from "./wire.js";

/** Drop what a navigation's answer has confirmed. */
const sweep = () => {
  const facts = readConfirmed(guard(() => decodeURIComponent(/** @type {any} */ (cookies("trackside_ok"))[0])));
  for (const key of keys("c.")) if (facts.some((fact) => key.endsWith("." + fact))) lose(key, "confirmed");
};

/** @type {import("./state.js").Part} */
const copies = (hasChosen) => {
  if (inPage) {
    sweep();
    uploads(hasChosen);
  }
};

/** @type {Parameters<typeof withCopies>[0]} */
export const hold = (_, { u = 0, p }) => {
  const delay = u + p - Date.now();
  if (delay > 0) schedule(Math.min(delay, 60_000));
  return delay > 0;
};

/** @type {Parameters<typeof withCopies>[1]} */
export const told = (key, record, { known = [], later = [] } = {}) => {
  const { insert_id } = record.e;
  if (known.includes(insert_id)) lose(key, "confirmed");
  else if (!later.includes(insert_id)) return false;
  else if (get(key)) keep(key, { ...record, u: Date.now() + 60_000 - record.p });
  return true;
};

/**
 * Declare a hybrid event: the object that the page asks for copies.
 *
 * @param {import("./event.js").Plan} plan
 * @param {string} name
 * @param {import("./values.js").Shape} [required]
 * @param {import("./values.js").Shape} [optional]
 * @param {import("./event.js").Options} [options]
 */
export const hybrid = (plan, name, required = {}, optional = {}, options = {}) => {
  const { grace = 30_000, signsIn, copy = (/** @type {any} */ record) => record } = options;
  if (!parts.includes(copies)) {
    parts.push(copies);
    withCopies(hold, told);
  }
  return {
    /**
     * Seal a copy.
     *
     * @param {any} [properties]
     * @returns {import("./api.js").Pending<any>}
     */
    pending(properties) {
      const receipt = blank();
      let key = "";
      let close = () => {};

      /** @type {(due: number, state?: string) => void} */
      const change = (due, state = "unknown") => {
        guard(() => {
          const record = JSON.parse(get(key) || "0");
          if (!record) return; // it has ended, in another tab perhaps
          record.u = Date.now() + due - record.p;
          record.e.trackside.copy = state;
          keep(key, record);
          schedule(due);
        }, "error");
      };
      const abandon = () => change(grace);

      /** @type {(outcome: any, call: any) => void} */
      const conclude = (outcome, call) => {
        const { status = 0, headers } = Object(outcome);
        /** @param {string} header */
        const said = (header) => headers?.get?.("Trackside-" + header);
        const isFact = status > 199 && status < 300 && said("Outcome") != "none";
        if (isFact) signsIn?.({}, () => {}, call)?.();
        close();
        if (isFact && readConfirmed(said("Confirmed")).includes(receipt.insertId || "")) lose(key, "confirmed");
        else if (status && !isFact) lose(key, "refused");
        else {
          sweep(); // a redirect may have left a cookie
          change(grace, status ? "unconfirmed" : undefined);
        }
      };

      guard(() => {
        tell();
        const [record] = seal(plan, name, properties, required, optional, options, receipt) || [];
        if (!record) return;
        if (!plan.hold && !inPage) return count("no_page");
        receipt.accepted = true;
        if (plan.hold) return plan.hold(record);
        // There is one copy of one fact on a device.
        key = `${start()}c.${record.device_id}.${record.insert_id}`;
        keep(key, sealed(copy(record), options));
        // A page that lives asks for more time; how much more, browsers let a page in the background wait.
        const hold = () => change(grace + 60_000);
        hold();
        const timer = setInterval(hold, grace);
        addEventListener("pagehide", abandon);
        close = () => {
          clearInterval(timer);
          removeEventListener("pagehide", abandon);
        };
      }, "error");
      return {
        ...receipt,
        settle(/** @type {any} */ outcome, /** @type {any} */ call) {
          /** @param {any} result */
          const end = (result) => guard(() => conclude(result, call), "error");
          guard(() => (outcome?.then ? outcome.then(end, () => end(0)) : end(outcome)), "error");
          return outcome;
        },
        drop() {
          close();
          lose(key, "copy");
        },
      };
    },
  };
};
