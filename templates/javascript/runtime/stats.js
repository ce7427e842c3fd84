/** What became of the events. */

import { counts, queue } from "./state.js";
import { keys } from "./store.js";

/** @type {typeof import("./api.js").stats} */
export const stats = () => {
  const { accepted = 0, sent = 0, ...dropped } = counts;
  return { accepted, sent, waiting: queue.length + keys().length, dropped };
};
