/** For tests: see what would be sent. */

import { set as configure, state } from "./state.js";

/** @type {typeof import("./api.js").capture} */
export const capture = () => {
  const before = /** @type {any} */ (state.client);
  /** @type {any[]} */
  const events = [];
  /** @type {any[]} */
  const copies = [];
  /** @type {string | undefined} */
  let user;
  /** @type {(event: Record<string, any>, list?: any[]) => void} */
  const keep = (event, list = events) => {
    // An id that is null is one that the event must not carry.
    list.push(Object.fromEntries(Object.entries(event).filter(([, value]) => value !== null)));
  };
  const stop = () => configure({ client: before });
  configure({
    client: /** @type {import("./state.js").Transport & { getUserId(): string | undefined }} */ ({
      hold: (record) => keep(record, copies),
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
    }),
  });
  return { events, copies, stop };
};
