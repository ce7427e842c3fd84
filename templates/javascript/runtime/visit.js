/** Whose visit this is: the device, the session and where the person came from, whole across the tabs of a browser. */

import { consent, consentTo, settings } from "./state.js";
import { get, mayKeep, put, remove } from "./store.js";
import { read, write } from "./wire.js";

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
  // A refusal names nobody, and later pages must know of it.
  if (keeps || consent) put(KEY, known, true);
  else remove(KEY);
  settings.cookie?.(known, hasChosen);
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
    const text = settings.cookie?.() || get(KEY);
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
