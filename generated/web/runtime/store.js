/** What outlives a page: in localStorage where there is one and the person allows it, else in memory. */

import { allowed, guard, settings } from "./state.js";

/** How the keys of all that waits begin: pages of other plans and sources share this storage, and have their own. */
export const start = () => `trackside.${settings.name}.`;

/** @type {Record<string, string>} */
const memory = {};

/** Whether this runs in a page: what is rendered on a server is nobody's visit. */
export const inPage = typeof document != "undefined";

/** Tell whether something may be written. */
export const mayKeep = () => allowed(settings.stores);

/** @returns {Record<string, string>} */
const disk = () => guard(() => localStorage) || {};

/** @type {(key: string) => string | undefined} */
export const get = (key) => memory[key] ?? disk()[key];

/** @type {(key: string) => void} */
export const remove = (key) => {
  delete memory[key];
  delete disk()[key];
};

/** @type {(key: string, value: string, may?: unknown) => void} */
export const put = (key, value, may = mayKeep()) => {
  if (may && guard(() => (localStorage[key] = value))) delete memory[key];
  else {
    remove(key);
    memory[key] = value; // what is blocked or does not fit lives as long as the page
  }
};

/** @type {(kind?: string) => string[]} the keys of all that waits, or of one kind of it, in order */
export const keys = (kind = "") => {
  const prefix = start() + kind;
  // What had to stay in memory is written down as soon as it may be, whichever tab was told so.
  for (const key in memory) put(key, memory[key]);
  return [...Object.keys(disk()), ...Object.keys(memory)].filter((key) => key.startsWith(prefix)).sort();
};
