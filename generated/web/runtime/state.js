/** What one page knows: who sends, what the person allows, what waits, and what became of it all. */

import { has } from "./values.js";

/** How many events wait for a client or for consent; beyond it the oldest go. */
const LONGEST_QUEUE = 1000;

/**
 * @typedef {import("./api.js").Client} Client
 * @typedef {import("./values.js").Shape} Shape
 *
 * What the compiler says about the plan. `consent` is there when nothing may leave before the person has chosen.
 * `context` holds the required and the optional properties that events carry. `rest` is what properties must be that
 * no shape names; without it they are refused.
 * @typedef {{
 *   source: string,
 *   version: string,
 *   namespace?: string,
 *   consent?: "queue" | "drop",
 *   context?: readonly [Shape, Shape?],
 *   rest?: import("./values.js").Type,
 * }} Plan
 *
 * Something for the client to do. `record` is there when it sends an event.
 * @typedef {{
 *   consent?: Plan["consent"],
 *   category: string,
 *   record?: Record<string, any>,
 *   send: (client: Client) => unknown,
 * }} Job
 */

export const state = {
  client: /** @type {Client | undefined} */ (undefined),
  strict: false,
  onViolation: /** @type {import("./api.js").Configuration["onViolation"]} */ (undefined),
  context: /** @type {Record<string, any>} */ ({}),
  consent: /** @type {Record<string, boolean | undefined>} */ ({}),
  queue: /** @type {Job[]} */ ([]),
  accepted: 0,
  sent: 0,
  dropped: /** @type {Record<string, number>} */ ({}),
};

/** @param {string} reason */
export const drop = (reason) => {
  state.dropped[reason] = (state.dropped[reason] || 0) + 1;
};

/**
 * Run something that must not disturb the page: outside strict mode, what it throws is counted.
 *
 * @template T
 * @param {() => T} action
 * @param {string} [reason]
 * @returns {T | undefined}
 */
export const guard = (action, reason = "error") => {
  try {
    return action();
  } catch (error) {
    if (state.strict) throw error;
    drop(reason);
  }
};

/**
 * Tell of what breaks the plan: thrown in strict mode, else handed to `onViolation`.
 *
 * @param {import("./api.js").Violation} violation
 */
export const report = (violation) => {
  if (state.strict) {
    const problems = violation.problems.map(({ property, reason }) => `${property} ${reason}`.trim());
    throw new TypeError(`${violation.event}: ${problems.join(", ")}`);
  }
  guard(() => state.onViolation && state.onViolation(violation));
};

/**
 * Tell whether the person allows a category; undefined while the choice is awaited.
 *
 * @param {Job} job
 */
const isAllowed = ({ consent, category }) =>
  category == "necessary" || (state.consent[category] ?? (consent ? (consent == "drop" ? false : undefined) : true));

/**
 * Do it now, let it wait, or drop it.
 *
 * @param {Job} job
 * @returns {boolean} false when the person does not allow it
 */
export const submit = (job) => {
  const { client, queue } = state;
  const allowed = isAllowed(job);
  if (allowed === false) drop("consent");
  else if (client && allowed) guard(() => settle(job.record, job.send(client)), "client");
  else {
    if (job.record) job.record.time ??= Date.now();
    if (queue.push(job) > LONGEST_QUEUE) {
      queue.shift();
      drop("queue");
    }
  }
  return allowed !== false;
};

/**
 * Count what became of an event. The vendor's promise never rejects: it answers with a code.
 *
 * @param {unknown} record
 * @param {any} result
 */
const settle = (record, result) =>
  Promise.resolve(result && (result.promise || result)).then(
    (answer) => {
      if (answer && answer.code != null && answer.code != 200) drop("code " + answer.code);
      else if (record) state.sent++;
    },
    () => drop("client"),
  );

/** Try again all that waits. */
export const flush = () => state.queue.splice(0).forEach(submit);

/** @type {typeof import("./api.js").configure} */
export const configure = (options) => {
  for (const name of /** @type {const} */ (["client", "strict", "onViolation"]))
    if (has(options, name)) /** @type {any} */ (state)[name] = options[name];
  flush();
};

/** @type {typeof import("./api.js").setConsent} */
export const setConsent = (choices) => {
  Object.assign(state.consent, choices);
  flush();
};

/** @type {typeof import("./api.js").stats} */
export const stats = () => ({
  accepted: state.accepted,
  sent: state.sent,
  waiting: state.queue.length,
  dropped: { ...state.dropped },
});
