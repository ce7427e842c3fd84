/** What is known of the person, as the vendor's user properties. */

import { blank, seal } from "./event.js";
import { guard } from "./state.js";
import { has } from "./values.js";

/** @type {import("./event.js").Options} */
const OPTIONS = {
  context: [{}],
  // As the SDK's own Identify does: `getUserProperties` is all that the SDK asks of one. The ids stay out: with them the
  // SDK would change who it thinks the person is.
  via: (client, { event_type, user_properties, user_id, device_id, ...options }) =>
    client.identify?.({ getUserProperties: () => user_properties }, options),
};

/**
 * Declare what `identify` takes.
 *
 * @param {import("./event.js").Plan} plan
 * @param {import("./values.js").Shape} shape
 * @param {Readonly<Record<string, string>>} [operations] the vendor's word for each property that is not just set
 * @returns {(properties: any) => import("./api.js").Receipt}
 */
export const identifier =
  (plan, shape, operations = {}) =>
  (properties) => {
    const receipt = blank();
    guard(() => {
      const [sealed] = seal(plan, "$identify", properties, {}, shape, OPTIONS, receipt) || [];
      if (!sealed) return;
      const { event_properties: wire, ...record } = sealed;
      /** @type {Record<string, [string, any][]>} */
      const groups = {};
      for (const [name, value] of Object.entries(wire)) {
        const operation = has(operations, name) ? operations[name] : "$set";
        (groups[operation] ??= []).push([name, operation == "$unset" ? "-" : value]);
      }
      const entries = Object.entries(groups);
      record.user_properties = Object.fromEntries(entries.map(([name, pairs]) => [name, Object.fromEntries(pairs)]));
      receipt.accepted = !!entries[0] && plan.send(record, OPTIONS);
    }, "error");
    return receipt;
  };
