/** Whose visit this is: the device, the session and where the person came from, whole across the tabs of a browser. */

import { consent, consentTo, guard, options, settings } from "./state.js";
import { get, mayKeep, put, remove } from "./store.js";
import { uuid4 } from "./uuid.js";
import { cookies, newest, read, write } from "./wire.js";

const KEY = "trackside";

/** @type {import("./wire.js").Members} */
let visit = {};
/** @type {string | undefined} the text that `visit` was read from or written to */
let known;
let saved = 0;

/**
 * Write who this is, as far as the person allows it. Without the right to keep anything a page writes what the person
 * chose on it, once: what else is there is another tab's.
 *
 * @param {boolean} [hasChosen]
 */
export const save = (hasChosen) => {
  const keeps = mayKeep();
  // What holds before a choice is the plan's, and no choice.
  const c = (visit.c = consent);
  saved = Date.now();
  if (!keeps && !hasChosen) return;
  const said = keeps ? visit : { c };
  const isCarried = keeps ? settings.cookie : settings.refusals && consent;
  known = write(said);
  // A refusal names nobody, and later pages must know of it; the server too, where cookies carry consent.
  if (keeps || consent) put(KEY, known, true);
  else remove(KEY);
  if (isCarried || hasChosen)
    guard(() => {
      const { domain } = options;
      const start = `${KEY}=${known};path=/;max-age=`;
      // One of this host alone, from before the domain was named, would stand beside it.
      if (domain) document.cookie = start + 0;
      // 400 days, as long as a browser keeps a cookie
      const seconds = isCarried ? 34560000 : 0;
      document.cookie =
        `${start}${seconds};samesite=lax;domain=${domain || ""}` + (location.protocol == "https:" ? ";secure" : "");
    });
};

/** Write what the person chose; without the right to keep anything, forget whom this is about. */
export const consented = () => {
  if (!mayKeep()) visit = {};
  save(true);
};

/**
 * Keep what brought the person here. A direct visit never overwrites.
 *
 * @param {number} time
 */
const attribute = (time) => {
  const { parameters = [], touches = [], keep = 0 } = settings;
  const { a = {}, f = 0 } = visit;
  const isOver = time - f > keep;
  // The address of another site's page, without its query.
  let [from = "", host = ""] = /^\w+:\/\/([^/?#:]*)[^?#]*/.exec(document.referrer) || [];
  if (("." + host).endsWith("." + (options.domain || location.hostname))) from = host = "";
  const query = Object.fromEntries(/** @type {any} */ (new URLSearchParams(location.search)));
  /** @type {Record<string, string>} */
  const said = { ...query, referrer: from, referring_domain: host };
  const found = parameters.find((name) => said[name]);
  for (const start of touches)
    if (start ? isOver : found)
      for (const name of parameters)
        if (said[name]) a[start + name] = said[name].slice(0, 255);
        else delete a[start + name];
  visit.a = a;
  if (isOver && found) visit.f = time;
};

/**
 * Tell whose visit this is at this moment: that of an event or a request.
 *
 * @param {import("./wire.js").Members} [ids] what the vendor's SDK says, where it keeps device and session
 */
export const now = (ids) => {
  const time = Date.now();
  const isFirst = !saved;
  // Once in a millisecond.
  if (time != visit.l) {
    const text = newest(cookies(KEY)) || get(KEY);
    if (text != known) {
      // An earlier page, or another tab, has begun a session, signed out or chosen.
      const found = read((known = text));
      visit = found || {};
      if (found) consentTo(found.c);
    }
  }
  const { d, s = 0, t = 0, l = t } = visit;
  if (isFirst) attribute(time);
  if (ids) Object.assign(visit, ids);
  else {
    visit.d ||= uuid4();
    // A clock that was set back neither ends a session nor begins one: it is idle from what the clock said last.
    if (!s || time - l > /** @type {number} */ (settings.timeout)) visit.s = time;
  }
  visit.l = time;
  visit.t = Math.max(time, visit.s || 0);
  if (isFirst || d != visit.d || s != visit.s) save();
  else if (Math.abs(time - saved) > 1000) {
    saved = time;
    queueMicrotask(save); // the code that called waits for no disk
  }
  return visit;
};
