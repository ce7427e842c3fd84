/** What sends where no SDK does: ids of our own, and the endpoint of our own server. */

import { loggingIn, signingIn } from "./identity.js";
import { choose, count, guard, settings } from "./state.js";
import { inPage } from "./store.js";
import { post, uploads } from "./upload.js";
import { uuid4 } from "./uuid.js";
import { now, save } from "./visit.js";
import { hash } from "./wire.js";

/** Whose visit it is, by ids of our own. */
const visiting = () =>
  now((visit, time) => {
    const { s, t = 0, l = t } = visit;
    visit.d ||= uuid4();
    // A clock that was set back neither ends a session nor begins one: it is idle from what the clock said last.
    visit.s = s && time - l <= /** @type {number} */ (settings.timeout) ? s : time;
  });

/** @type {import("./state.js").Part} a page that is rendered on a server is nobody's visit */
export const page = (hasChosen) => {
  if (inPage) {
    if (hasChosen) save(true);
    uploads(hasChosen);
    return visiting();
  }
};

/** @type {import("./event.js").Plan["who"]} */
export const who = () => {
  const { d, s, w } = inPage ? visiting() : /** @type {import("./wire.js").Members} */ ({});
  return { user_id: w, device_id: d, session_id: s };
};

/** @type {import("./event.js").Plan["send"]} */
export const send = (record, options, act) => {
  if (!inPage) return count("no_page");
  act?.();
  post(record, options);
  options.signOut?.();
  return true;
};

/** @param {import("./wire.js").Members} changes */
const change = (changes) => {
  guard(() => {
    if (inPage) {
      Object.assign(visiting(), changes);
      save();
    }
  }, "error");
};

/** @param {string} id */
const set = (id) => change({ w: hash(id) });

export const signIn = /*#__PURE__*/ signingIn(set, hash);

export const login = /*#__PURE__*/ loggingIn(set);

export const reset = () => change({ d: uuid4(), w: undefined });

/** @type {typeof import("./api.js").optOut} */
export const optOut = (out = true) => guard(() => choose(out ? () => false : undefined), "error");
