/** What sends where no SDK does: ids of our own, and the endpoint of our own server. */

import { loggingIn, signingIn } from "./identity.js";
import { choose, count, guard } from "./state.js";
import { inPage } from "./store.js";
import { post, uploads } from "./upload.js";
import { uuid4 } from "./uuid.js";
import { consented, now, save } from "./visit.js";
import { hash } from "./wire.js";

/** @type {import("./state.js").Part} a page that is rendered on a server is nobody's visit */
export const page = (hasChosen) => {
  if (inPage) {
    if (hasChosen) consented();
    const visit = now();
    uploads(hasChosen);
    return visit;
  }
};

/** @type {import("./event.js").Plan["who"]} */
export const who = () => {
  const { d, s, w } = inPage ? now() : /** @type {import("./wire.js").Members} */ ({});
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
      Object.assign(now(), changes);
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
