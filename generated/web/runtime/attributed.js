/** Where a person came from, where the vendor's SDK keeps ids and sessions but not that. */

import { page } from "./vendor.js";
import { inPage } from "./store.js";
import { now, save } from "./visit.js";

/** @type {import("./state.js").Part} our cookie tells the server what the SDK's page knows */
export const attributed = (hasChosen) => {
  const { d, s } = page() || {};
  if (!inPage) return;
  if (hasChosen) save(true);
  // An SDK that is still starting has no ids yet.
  return now((visit) => d && Object.assign(visit, { d, s }));
};
