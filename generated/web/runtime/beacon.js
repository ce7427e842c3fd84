/** What sends where no SDK does: ids of our own, and the endpoint of our own server. */

import { choose, drop, state } from "./state.js";
import { inPage } from "./store.js";
import { post, uploads } from "./upload.js";
import { uuid4 } from "./uuid.js";
import { consented, now, save } from "./visit.js";
import { hash } from "./wire.js";

/** @type {import("./wire.js").Members} what the last call of `here` found */
let visit = {};

/** A page that is rendered on a server is nobody's visit. */
const here = () => (visit = inPage() ? now() : {});

/** @type {import("./state.js").Transport} */
const beacon = {
  track() {},
  post: (record, job) => (inPage() ? post(record, job) : drop("no_page")),
  getDeviceId: () => here().d,
  getSession: () => visit.s,
  getUserId: () => visit.w,
  setUserId(id) {
    here().w = id ? hash(id) : undefined;
    save();
  },
  reset() {
    Object.assign(here(), { d: uuid4(), w: undefined });
    save();
  },
  setOptOut: (out) => choose(out ? { analytics: false, marketing: false } : undefined),
};

/** @type {typeof uploads} */
const parts = (what) => {
  if (inPage()) {
    if (what == "begin") here();
    if (what == "consent") consented();
  }
  return uploads(what);
};

/** Send through the endpoint: what `settingsOf` takes. */
export const endpoint = () => {
  state.parts.add(parts);
  state.visit = here;
  return beacon;
};
