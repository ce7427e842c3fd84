/** Whose visit this is: the device, the session and where the person came from, whole across the tabs of a browser. */

import { chosen, state } from "./state.js";
import { get, mayKeep, put } from "./store.js";
import { uuid4 } from "./uuid.js";
import { cookie, read, write } from "./wire.js";

const KEY = "trackside";
const YEAR = 34560000; // 400 days, in seconds: as long as a browser keeps a cookie

/** @type {import("./wire.js").Members} */
let visit = {};
/** @type {string | undefined} the text that `visit` was read from or written to */
let known;
let saved = 0;
let hasBegun = false;
let isFresh = false;

/** Write who this is, as far as the person allows it. */
export const save = () => {
  const { settings, options } = state;
  visit.c = chosen();
  saved = Date.now();
  put(KEY, (known = write(visit)));
  // A refusal names nobody, and the server must know of it.
  const text = mayKeep() ? settings.cookie && known : settings.refusals && state.consent ? write({ c: visit.c }) : "";
  if (text != null && text !== false)
    try {
      document.cookie =
        `${KEY}=${text};path=/;max-age=${text ? YEAR : 0};samesite=lax` +
        (options.domain ? ";domain=" + options.domain : "") +
        (location.protocol == "https:" ? ";secure" : "");
    } catch {
      // blocked
    }
};

/** Write what the person chose; without the right to keep anything, forget whom this is about. */
export const consented = () => {
  if (!mayKeep()) visit = {};
  save();
};

/**
 * Keep what brought the person here. A direct visit never overwrites.
 *
 * @param {number} time
 */
const attribute = (time) => {
  const { parameters = [], keep = 0, touch } = state.settings;
  const query = new URLSearchParams(location.search);
  // The address of another site's page, without its query.
  const [from = "", host = ""] = /^\w+:\/\/([^/?#]*)[^?#]*/.exec(document.referrer) || [];
  const isOurs = ("." + host).endsWith("." + (state.options.domain || location.host));
  query.set("referrer", isOurs ? "" : from);
  query.set("referring_domain", isOurs ? "" : host);
  const { a = {}, f = 0 } = visit;
  const isOver = time - f > keep;
  /** @type {Record<string, string>[]} */
  const [last, first] = [{}, {}];
  for (const name of parameters) {
    const value = query.get(name);
    if (value) last[name] = first["initial_" + name] = value.slice(0, 255);
  }
  /** @param {boolean} isFirst */
  const old = (isFirst) => Object.entries(a).filter(([name]) => name.startsWith("initial_") == isFirst);
  const isDirect = !Object.keys(last)[0];
  if (isOver && !isDirect) visit.f = time;
  visit.a = {
    ...(isDirect ? Object.fromEntries(old(false)) : touch != "first" && last),
    ...(isOver ? touch != "last" && first : Object.fromEntries(old(true))),
  };
};

/**
 * Tell whose visit this is at this moment: that of an event or a request.
 *
 * @param {import("./wire.js").Members} [ids] what the vendor's SDK says, where it keeps device and session
 */
export const now = (ids) => {
  const time = Date.now();
  // Where nothing may be kept, what this page knows is all there is; and no other tab comes between two calls in a row.
  const text = hasBegun && (isFresh || !mayKeep()) ? known : cookie(KEY) || get(KEY);
  if (!isFresh) queueMicrotask(() => (isFresh = false));
  isFresh = true;
  if (text != known) {
    // An earlier page, or another tab, has begun a session, signed out or chosen.
    visit = read((known = text)) || {};
    const { c } = visit;
    if (c && (hasBegun || !state.consent))
      state.consent = { analytics: c.includes("analytics"), marketing: c.includes("marketing") };
  }
  const { d, s, t = 0 } = visit;
  const isNew = !hasBegun;
  hasBegun = true;
  if (isNew) attribute(time);
  if (ids) Object.assign(visit, ids);
  else {
    visit.d ||= uuid4();
    // A clock that was set back neither ends a session nor begins one.
    if (!s || time - t > /** @type {number} */ (state.settings.timeout)) visit.s = time;
  }
  visit.t = Math.max(time, visit.s || 0);
  if (isNew || d != visit.d || s != visit.s || Math.abs(time - saved) > 1000) save();
  return visit;
};
