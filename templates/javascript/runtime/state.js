/** What one page knows: who sends, what the person allows, what waits, and what became of it all. */

/** How many events wait for a client or for consent; beyond it the oldest go. */
export const LONGEST_QUEUE = 1000;

/**
 * @typedef {import("./api.js").Client} Client
 * @typedef {import("./values.js").Shape} Shape
 *
 * What sends, with what only our own does: `post` takes a record as it is, `hold` a pending copy, `getSession` is the session of the moment,
 * `getUserId` may give the hash of an id in place of the id.
 * @typedef {Omit<Client, "getUserId"> & {
 *   getUserId?(): string | number | undefined,
 *   getSession?(): number | undefined,
 *   post?(record: Record<string, any>, job: Job): unknown,
 *   hold?(record: Record<string, any>): unknown,
 * }} Transport
 *
 * What the compiler says to events. `context` holds the required and the optional properties that they carry. `rest` is
 * what properties must be that no shape names; without it they are refused.
 * @typedef {{
 *   settings: Settings,
 *   source: string,
 *   version: string,
 *   namespace?: string,
 *   context?: readonly [Shape, Shape?],
 *   rest?: import("./values.js").Type,
 * }} Plan
 *
 * What it says of the page. `consent` is there when nothing may leave before the person has chosen, and `stores` names
 * the category without which nothing is written; `refusals` lets a cookie say that all is refused. `route` is the
 * endpoint's, `timeout` the session's in ms, `cookie` tells that cookies carry the ids, `parameters` lists what
 * attribution keeps: for `keep` ms, of both touches if no `touch` is named.
 * @typedef {{
 *   consent?: "queue" | "drop",
 *   stores?: string,
 *   refusals?: boolean,
 *   route?: string,
 *   origins?: readonly string[],
 *   timeout?: number,
 *   cookie?: boolean,
 *   parameters?: readonly string[],
 *   keep?: number,
 *   touch?: "first" | "last",
 * }} Settings
 *
 * Something for the client to do. `record` is there when it sends an event; `life` is how long it may wait, in ms.
 * @typedef {{
 *   category: string,
 *   life?: number,
 *   record?: Record<string, any>,
 *   send: (client: Transport) => unknown,
 * }} Job
 */

/** @typedef {"begin" | "consent" | "flush" | "count"} What */

export const state = {
  settings: /** @type {Settings} */ ({}),
  client: /** @type {Transport | undefined} */ (undefined),
  options: /** @type {import("./api.js").Configuration} */ ({}),
  context: /** @type {Record<string, any>} */ ({}),
  /** What the person chose; undefined before any choice. */
  consent: /** @type {Record<string, boolean | undefined> | undefined} */ (undefined),
  queue: /** @type {Job[]} */ ([]),
  /** What other parts do when something happens; each part adds itself where it is used. */
  parts: /** @type {Set<(what: What) => unknown>} */ (new Set()),
  /** Whose visit it is at this moment, where our own cookie keeps that. */
  visit: /** @type {(() => import("./wire.js").Members) | undefined} */ (undefined),
  /** Sends a copy where the plan has no endpoint. */
  replay: /** @type {((waiting: [string, import("./upload.js").Waiting]) => void) | undefined} */ (undefined),
  accepted: 0,
  sent: 0,
  dropped: /** @type {Record<string, number>} */ ({}),
};

/**
 * Take the plan's settings, and what sends when the page names no client. It runs with the module that declares the
 * events, and only where something of it is used.
 *
 * @param {Settings} settings
 * @param {() => Transport | undefined} [through]
 */
export const settingsOf = (settings, through) => {
  state.settings = settings;
  state.client ??= through && through();
  return settings;
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
    if (state.options.strict) throw error;
    drop(reason);
  }
};

/**
 * Tell of what breaks the plan: thrown in strict mode, else handed to `onViolation`.
 *
 * @param {import("./api.js").Violation} violation
 */
export const report = (violation) => {
  const { strict, onViolation } = state.options;
  if (strict) {
    const problems = violation.problems.map(({ property, reason }) => `${property} ${reason}`.trim());
    throw new TypeError(`${violation.event}: ${problems.join(", ")}`);
  }
  guard(() => onViolation && onViolation(violation));
};

/**
 * Tell whether the person allows a category; undefined while the choice is awaited.
 *
 * @param {string} category
 */
export const allowed = (category) => {
  const { consent } = state.settings;
  return category == "necessary" || (state.consent?.[category] ?? (consent ? (consent == "drop" ? false : undefined) : true));
};

/** List what the person allows now. */
export const granted = () => ["analytics", "marketing"].filter(allowed);

/** List it where that is more than the default. */
export const chosen = () => (state.settings.consent || state.consent ? granted() : undefined);

/** @param {What} what */
export const tell = (what) => [...state.parts].map((part) => guard(() => part(what)));

/**
 * Do it now, let it wait, or drop it.
 *
 * @param {Job} job
 * @returns {boolean} false when the person does not allow it
 */
export const submit = (job) => {
  const { client, queue } = state;
  const { category, record } = job;
  const may = allowed(category);
  if (may === false) drop("consent");
  else if (client && may) guard(() => job.send(client), "client");
  else {
    if (record) record.time ??= Date.now();
    if (queue.push(job) > LONGEST_QUEUE) {
      queue.shift();
      drop("queue");
    }
  }
  return may !== false;
};

/** Try again all that waits. */
const retry = () => state.queue.splice(0).forEach(submit);

/**
 * Change what `configure` sets.
 *
 * @param {import("./api.js").Configuration} options
 */
export const set = (options) => {
  state.options = { ...state.options, ...options };
  if ("client" in options) state.client = options.client;
  tell("begin");
  retry();
};

/**
 * Declare `configure`, which holds on to the settings: a page may import nothing else.
 *
 * @param {Settings} _settings
 * @returns {typeof import("./api.js").configure}
 */
export const configurer =
  (_settings) =>
  (options = {}) =>
    guard(() => set(options));

/**
 * Take what the person chose, or undefined for no choice at all.
 *
 * @param {Record<string, boolean | undefined>} [choices]
 */
export const choose = (choices) => {
  tell("begin"); // a choice of an earlier page is read first
  state.consent = choices && { ...state.consent, ...choices };
  tell("consent");
  retry();
};

/** @type {typeof import("./api.js").setConsent} */
export const setConsent = (choices) => guard(() => choose(choices));

/** @type {typeof import("./api.js").flush} */
export const flush = async () => {
  await Promise.all(tell("flush"));
};

/** @type {typeof import("./api.js").stats} */
export const stats = () => ({
  accepted: state.accepted,
  sent: state.sent,
  waiting: /** @type {number[]} */ (tell("count")).reduce((sum, count) => sum + (count || 0), state.queue.length),
  dropped: { ...state.dropped },
});
