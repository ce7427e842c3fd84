/** The cookie that tells the server whose visit this is, where the plan wants one. */

import { consent, guard, options } from "./state.js";
import { mayKeep } from "./store.js";
import { cookies, read } from "./wire.js";

/**
 * Tell when a visit was written. Nothing stands before a refusal, which names no time; what is no visit comes last.
 *
 * @param {string} text
 */
const rank = (text) => (read(text) || { t: 0 }).t ?? Infinity;

/** Read it: of several, from several domains, the newest counts. */
export const newest = () => cookies("trackside")?.sort((one, other) => rank(other) - rank(one))[0];

/**
 * Declare what the cookie carries. What this gives writes the text of a visit; without one it reads what is there.
 *
 * @param {boolean} ids whose visit it is, where that may be kept
 * @param {boolean} refusals that nothing may be kept: the server must know of it
 * @returns {NonNullable<import("./state.js").Settings["cookie"]>}
 */
export const inCookie = (ids, refusals) => (text, hasChosen) => {
  if (!text) return newest();
  const isCarried = mayKeep() ? ids : refusals && consent;
  if (isCarried || hasChosen)
    guard(() => {
      const { domain } = options;
      const start = `trackside=${text};path=/;max-age=`;
      // One of this host alone, from before the domain was named, would stand beside it.
      if (domain) document.cookie = start + 0;
      // 400 days, as long as a browser keeps a cookie
      const seconds = isCarried ? 34560000 : 0;
      document.cookie =
        `${start}${seconds};samesite=lax;domain=${domain || ""}` + (location.protocol == "https:" ? ";secure" : "");
    });
};
