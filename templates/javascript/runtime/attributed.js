/** Where a person came from, where the vendor's SDK keeps ids and sessions but not that. */

import { page } from "./vendor.js";
import { inPage } from "./store.js";
import { consented, now } from "./visit.js";

/** @type {import("./state.js").Part} our cookie tells the server what the SDK's page knows */
export const attributed = (hasChosen) => {
  const { d, s } = page() || {};
  if (!inPage) return;
  if (hasChosen) consented();
  // An SDK that is still starting has no ids yet.
  return now(d ? { d, s } : {});
};
