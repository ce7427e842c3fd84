/** What events have beyond their properties: fields that are made of those, and a person whom they need. */

import { has } from "./values.js";

/**
 * Say which properties make the vendor's revenue, where the plan lets a client state it: a total, or a price and a
 * quantity.
 *
 * @typedef {"amount" | "unit_price" | "quantity" | "currency" | "productId" | "revenueType"} Field
 * @param {{[Name in Field]?: string}} names
 * @param {number} [sign] -1 for money that goes back
 * @returns {import("./event.js").Add}
 */
export const revenueOf =
  ({ amount, unit_price = "", quantity = "", ...names }, sign = 1) =>
  (record) => {
    const { event_properties: wire } = record;
    const total = amount ? wire[amount] : wire[unit_price] * wire[quantity];
    if (!Number.isFinite(total)) return;
    const others = Object.entries(names).filter(([, name]) => has(wire, name));
    record.revenue = sign * total + 0;
    for (const [field, name] of others) record[field] = wire[name];
  };

/** @type {(name: string) => import("./event.js").Add} names the event's own time */
export const timeOf = (name) => (record) => {
  const time = record.event_properties[name];
  if (time) record.time = Date.parse(time);
};

/** @type {import("./event.js").Add} without a device id the client is still starting and knows nobody */
export const needsUser = ({ device_id, user_id }, refuse) => {
  if (device_id && !user_id) refuse("no user id");
};
