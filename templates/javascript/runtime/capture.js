/** For tests: see what would be sent. */

import { configure, options, parts } from "./state.js";
import { page, send, who } from "./vendor.js";

/**
 * Declare `capture`.
 *
 * @param {import("./event.js").Plan} plan
 * @returns {typeof import("./api.js").capture}
 */
export const capturing = (plan) => () => {
  const { client } = options;
  const before = { hold: undefined, ...plan };
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
  const stop = () => {
    Object.assign(plan, before);
    configure({ client });
  };
  // What would go to the endpoint goes to a client too.
  Object.assign(plan, { who, send, hold: (/** @type {any} */ record) => keep(record, copies) });
  if (!parts.includes(page)) parts.push(page);
  configure({
    client: /** @type {import("./api.js").Client} */ ({
      captures: true, // where there is no page too
      track: (name, properties, more) => keep({ event_type: name, event_properties: properties, ...more }),
      identify: (changes, more) =>
        keep({ event_type: "$identify", user_properties: changes.getUserProperties(), ...more }),
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
