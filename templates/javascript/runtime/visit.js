/** Whose visit this is: the device, the session and where the person came from, whole across the tabs of a browser. */

import { consent, consentTo, guard, options, settings } from "./state.js";
import { get, mayKeep, put, remove } from "./store.js";
import { newest, read, write } from "./wire.js";

const KEY = "trackside";

/** @type {import("./wire.js").Members} */
let visit = {};
/** @type {string | undefined} the text that `visit` was read from or written to */
let known;
let saved = 0;

/**
 * Write who this is, as far as the person allows it. Without the right to keep anything a page writes what the person
 * chose on it, once, and forgets whom it is about: what else is there is another tab's.
 *
 * @param {boolean} [hasChosen]
 */
export const save = (hasChosen) => {
  const keeps = mayKeep();
  saved = Date.now();
  if (!keeps) {
    if (!hasChosen) return;
    visit = {};
  }
  // What holds before a choice is the plan's, and no choice.
  visit.c = consent;
  known = write(visit);
  // A refusal names nobody, and later pages must know of it; the server too, where cookies carry consent.
  if (keeps || consent) put(KEY, known, true);
  else remove(KEY);
  const isCarried = keeps ? settings.cookie : settings.refusals && consent;
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

/**
 * Tell whose visit this is at this moment: that of an event or a request.
 *
 * @param {(visit: import("./wire.js").Members, time: number) => unknown} identify says which device and session it is
 */
export const now = (identify) => {
  const time = Date.now();
  const isFirst = !saved;
  // Once in a millisecond.
  if (time != visit.l) {
    const text = newest(KEY) || get(KEY);
    if (text != known) {
      // An earlier page, or another tab, has begun a session, signed out or chosen.
      const found = read((known = text));
      visit = found || {};
      if (found) consentTo(found.c && ((category) => found.c?.includes(category)));
    }
  }
  const { d, s } = visit;
  if (isFirst) settings.attribute?.(visit, time);
  identify(visit, time);
  visit.l = time;
  visit.t = Math.max(time, visit.s || 0);
  if (isFirst || d != visit.d || s != visit.s) save();
  else if (Math.abs(time - saved) > 1000) {
    saved = time;
    queueMicrotask(save); // the code that called waits for no disk
  }
  return visit;
};
