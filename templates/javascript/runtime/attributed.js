/** Where a person came from, where the vendor's SDK keeps ids and sessions but not that. */

import { state } from "./state.js";
import { inPage } from "./store.js";
import { consented, now } from "./visit.js";

/** What `settingsOf` takes beside the SDK: our cookie tells the server what the SDK's page knows. */
export const attributed = () => {
  const visit = () => {
    const { client } = state;
    return now({ d: client?.getDeviceId?.(), s: client?.getSessionId?.() });
  };
  state.visit = visit;
  state.parts.add((what) => {
    if (!inPage()) return;
    if (what == "consent") consented();
    // An SDK that is still starting has no ids yet.
    if (what == "begin" && state.client?.getDeviceId?.()) visit();
  });
  return undefined;
};
