/** What requests tell our own servers: whose visit it is. Nothing of the page's own `fetch` is touched. */

import { chosen, guard, options, settings, tell } from "./state.js";
import { inPage, mayKeep } from "./store.js";
import { write } from "./wire.js";

/** @type {(input: any, init?: any) => any} */
const carried = (input, init) => {
  const visit = tell();
  // What is the page's own stays here.
  const said = { ...(mayKeep() && visit), c: chosen(), w: undefined, f: undefined, l: undefined };
  const { origin } = new URL(input.url || input, location.href);
  if ((said.d || said.c) && [location.origin, settings.origins, options.origins].flat().includes(origin)) {
    const headers = new Headers(init?.headers || input.headers);
    headers.set("Trackside-Context", write(said));
    return { ...init, headers };
  }
};

/** @type {typeof import("./api.js").carry} */
export const carry = (input, init = {}) => (inPage && guard(() => carried(input, init))) || init;

/** @type {typeof import("./api.js").trackedFetch} */
export const trackedFetch = (input, init) => fetch(input, carry(input, init));
