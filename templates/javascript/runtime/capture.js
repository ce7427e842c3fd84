/** For tests: see what would be sent. */

import { set as configure, state } from "./state.js";

/** @type {typeof import("./api.js").capture} */
export const capture = () => {
  const before = /** @type {any} */ (state.client);
  /** @type {any[]} */
  const events = [];
  /** @type {string | undefined} */
  let user;
  /** @type {(event: Record<string, any>) => void} */
  const keep = (event) => {
    // An id that is null is one that the event must not carry.
    events.push(Object.fromEntries(Object.entries(event).filter(([, value]) => value !== null)));
  };
  const stop = () => configure({ client: before });
  configure({
    client: {
      track: (name, properties, options) => keep({ event_type: name, event_properties: properties, ...options }),
      identify: (changes, options) =>
        keep({ event_type: "$identify", user_properties: changes.getUserProperties(), ...options }),
      getUserId: () => user,
      setUserId: (id) => {
        user = id;
      },
      reset: () => {
        user = undefined;
      },
    },
  });
  return { events, stop };
};
