/** Fields of an event that are made of its properties. */

import { has } from "./values.js";

/**
 * Say which properties make the vendor's revenue, where the plan lets a client state it: a total, or a price and a
 * quantity.
 *
 * @typedef {"amount" | "unit_price" | "quantity" | "currency" | "productId" | "revenueType"} Field
 * @param {{[Name in Field]?: string}} names
 * @param {number} [sign] -1 for money that goes back
 * @returns {(wire: Record<string, any>) => Record<string, any>}
 */
export const revenueOf =
  ({ amount, unit_price = "", quantity = "", ...names }, sign = 1) =>
  (wire) => {
    const total = amount ? wire[amount] : wire[unit_price] * wire[quantity];
    if (!Number.isFinite(total)) return {};
    const others = Object.entries(names).filter(([, name]) => has(wire, name));
    return { revenue: sign * total + 0, ...Object.fromEntries(others.map(([field, name]) => [field, wire[name]])) };
  };

/** @type {(name: string) => (wire: Record<string, any>) => Record<string, any>} names the event's own time */
export const timeOf = (name) => (wire) => (wire[name] ? { time: Date.parse(wire[name]) } : {});
