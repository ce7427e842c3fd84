/** What outlives a page: in localStorage where there is one and the person allows it, else in memory. */

import { allowed, state } from "./state.js";

/** @type {Record<string, string>} */
const memory = {};

/** Tell whether this runs in a page: what is rendered on a server is nobody's visit. */
export const inPage = () => typeof document != "undefined";

/** Tell whether something may be written. */
export const mayKeep = () => !state.settings.stores || allowed(state.settings.stores) === true;

/** @returns {Record<string, string>} */
const disk = () => {
  try {
    return localStorage || {};
  } catch {
    return {}; // blocked
  }
};

/** @type {(key: string) => string | undefined} */
export const get = (key) => memory[key] ?? disk()[key];

/** @type {(key: string) => void} */
export const remove = (key) => {
  delete memory[key];
  delete disk()[key];
};

/** @type {(key: string, value: string) => void} */
export const put = (key, value) => {
  memory[key] = value;
  try {
    if (mayKeep()) {
      localStorage.setItem(key, value);
      delete memory[key];
    } else delete disk()[key];
  } catch {
    // It is full, or blocked: what is in memory lives as long as the page.
  }
};

/** @type {(key: string, value: string) => void} the same, written when the call that made it is over */
export const putSoon = (key, value) => {
  memory[key] = value;
  queueMicrotask(() => memory[key] == value && put(key, value));
};

/** @type {(start: string) => string[]} the keys that begin so, in order */
export const keys = (start) =>
  [...Object.keys(disk()), ...Object.keys(memory)].filter((key) => key.startsWith(start)).sort();
