/** What requests tell our own servers: whose visit it is. Nothing of the page's own `fetch` is touched. */

import { chosen, guard, state, tell } from "./state.js";
import { inPage, mayKeep } from "./store.js";
import { write } from "./wire.js";

const HEADER = "Trackside-Context";

/** @type {(input: any, init: any) => any} */
const carried = (input, init = {}) => {
  if (!inPage()) return init;
  tell("begin");
  const { settings, options, client, visit } = state;
  const { origin } = new URL(input.url || input, location.href);
  if (![location.origin, settings.origins, options.origins].flat().includes(origin)) return init;
  const headers = new Headers(init.headers || input.headers);
  /** @type {import("./wire.js").Members} */
  const own = { d: client?.getDeviceId?.(), s: client?.getSessionId?.(), t: Date.now() };
  const { d, s, t, a } = mayKeep() ? (visit ? visit() : own) : {};
  const c = chosen();
  if ((d || c) && !headers.has(HEADER)) headers.set(HEADER, write({ d, s, t, a, c }));
  return { ...init, headers };
};

/**
 * Declare `carry`, which holds on to the settings.
 *
 * @param {import("./state.js").Settings} _settings
 * @returns {typeof import("./api.js").carry}
 */
export const carrier = (_settings) => (input, init) => guard(() => carried(input, init)) || init || {};

/**
 * Declare `trackedFetch`.
 *
 * @param {import("./state.js").Settings} settings
 * @returns {typeof import("./api.js").trackedFetch}
 */
export const fetcher = (settings) => (input, init) => fetch(input, carrier(settings)(input, init));
