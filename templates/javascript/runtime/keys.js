/** The dedupe key of a fact: the same insert_id on every side, byte for byte. */

import { uuid4, uuid5 } from "./uuid.js";

/**
 * How an event gets its insert_id. None when a part is absent or empty: that is never hashed.
 *
 * @typedef {(wire: Record<string, any>, event: string, receipt: import("./event.js").Receipt) => string | undefined} Key
 */

/**
 * List the values of a key's parts.
 *
 * @param {readonly string[]} parts names of properties
 * @param {Record<string, any>} wire
 * @returns {any[] | undefined}
 */
const valuesOf = (parts, wire) => {
  const values = parts.map((part) => wire[part]);
  return values.some((value) => value === "" || value == null || Object(value) === value) ? undefined : values;
};

/**
 * Hash a key under scheme 1.
 *
 * @param {{namespace?: string}} plan
 * @param {any[]} values the key's name, then its parts
 */
const hash = (plan, values) =>
  uuid5(
    /** @type {string} */ (plan.namespace),
    JSON.stringify([1, ...values.map((value) => (typeof value == "string" ? value.normalize() : value))]),
  );

/**
 * Hash properties. The key has a name of its own where it is not the event's.
 *
 * @type {(plan: {namespace?: string}, parts: readonly string[], name?: string) => Key}
 */
export const keyOf = (plan, parts, name) => (wire, event) => {
  const values = valuesOf(parts, wire);
  return values && hash(plan, [name ?? event, ...values]);
};

/**
 * Hash one attempt, whose UUID travels with the request.
 *
 * @type {(plan: {namespace?: string}, name?: string) => Key}
 */
export const attemptKey = (plan, name) => (_, event, receipt) => {
  const attempt = uuid4();
  receipt.headers = { "Trackside-Attempt": "1 " + attempt };
  return hash(plan, [name ?? event, attempt]);
};

/**
 * Print properties in the clear, each between two texts.
 *
 * @type {(texts: readonly string[], parts: readonly string[]) => Key}
 */
export const textKey = (texts, parts) => (wire) => {
  const values = valuesOf(parts, wire);
  return values && texts.reduce((text, next, index) => text + values[index - 1] + next).normalize();
};
