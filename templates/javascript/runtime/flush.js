/** Sending what waits in the store, when the page wants it. */

import { inPage } from "./store.js";
import { flush as send } from "./upload.js";

/** @type {typeof import("./api.js").flush} */
export const flush = async () => {
  if (inPage) await send();
};
