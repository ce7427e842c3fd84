/** Revenue from a client, where the plan lets it. */

import { has } from "./values.js";

/**
 * Say which property each of the vendor's revenue fields is taken from.
 *
 * @param {Readonly<Record<string, string>>} names
 * @param {number} [sign] -1 for money that goes back
 * @returns {(wire: Record<string, any>) => Record<string, any>}
 */
export const revenueOf =
  (names, sign = 1) =>
  (wire) =>
    Object.fromEntries(
      Object.entries(names)
        .filter(([, name]) => has(wire, name))
        .map(([field, name]) => [field, field == "revenue" || field == "price" ? sign * wire[name] : wire[name]]),
    );
