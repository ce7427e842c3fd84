/** What one page knows: the plan's settings, what the person allows, and what became of it all. */

/**
 * What the compiler says of the page. `from` is the source and its version. `consent` is what holds before the person has chosen: true, false, or nothing
 * where events wait for the choice. Without the category `stores` nothing is written; `refusals` lets a cookie say that
 * all is refused. `route` is the endpoint's, `timeout` the session's in ms, `cookie` tells that cookies carry the ids,
 * `parameters` lists what attribution keeps for `keep` ms, `touches` how the names of
 * the last and of the first touch begin.
 *
 * @typedef {{
 *   from?: Readonly<Record<string, string>>,
 *   consent?: boolean,
 *   stores: string,
 *   refusals?: boolean,
 *   route?: string,
 *   origins?: readonly string[],
 *   timeout?: number,
 *   cookie?: boolean,
 *   parameters?: readonly string[],
 *   keep?: number,
 *   touches?: readonly string[],
 * }} Settings
 *
 * What a part of the runtime does when the page begins, or when the person has chosen. One of them says whose visit it
 * is.
 * @typedef {(hasChosen?: boolean) => import("./wire.js").Members | undefined | void} Part
 */

/**
 * Something for the vendor's SDK to do; `record` is there when it sends an event.
 *
 * @typedef {{
 *   category?: string,
 *   record?: Record<string, any>,
 *   act: (client: import("./api.js").Client) => unknown,
 * }} Job
 */

export let settings = /** @type {Settings} */ ({ stores: "necessary" });
export let options = /** @type {import("./api.js").Configuration} */ ({});
/** @type {readonly string[] | undefined} the categories that the person allows; undefined before any choice */
export let consent;
/** @type {Record<string, number>} */
export const counts = {};
/** @type {Job[]} what waits for the vendor's SDK, or for a choice before it */
export const queue = [];
/** @type {Part[]} each adds itself where it is used; the first says whose visit it is */
export const parts = [];

/**
 * Take the plan's settings, and the part that says whose visit it is. It runs with the module that declares the events,
 * and only where something of it is used: the function that it gives holds on to them.
 *
 * @param {Settings} given
 * @param {Part} part
 * @returns {<T>(held: T) => T}
 */
export const settingsOf = (given, part) => {
  settings = given;
  parts.unshift(part);
  return (held) => held;
};

/**
 * Count an event.
 *
 * @param {string} what it was `accepted`, `sent`, or why it was dropped
 */
export const count = (what) => {
  counts[what] = (counts[what] || 0) + 1;
  return false;
};

/**
 * Run something that must not disturb the page. Outside strict mode, what it throws is counted under a reason; what has
 * none is expected to fail, where something is blocked or not ours.
 *
 * @template T
 * @param {() => T} action
 * @param {string} [reason]
 * @returns {T | undefined}
 */
export const guard = (action, reason) => {
  try {
    return action();
  } catch (error) {
    if (reason) {
      if (options.strict) throw error;
      count(reason);
    }
  }
};

/** What a person can allow beside what is necessary. */
const CATEGORIES = ["analytics", "marketing"];

/**
 * Tell whether the person allows a category; undefined while the choice is awaited.
 *
 * @param {string} category
 */
export const allowed = (category) =>
  category == "necessary" || (consent ? consent.includes(category) : settings.consent);

/** List what the person allows; undefined while the choice is awaited. */
export const granted = () => consent || (settings.consent ? CATEGORIES : undefined);

/** List it where the person has chosen, or where nothing is allowed before. */
export const chosen = () => consent || (settings.consent ? undefined : []);

/** @param {readonly string[] | undefined} categories what the person allows, as a cookie says */
export const consentTo = (categories) => {
  consent = categories && CATEGORIES.filter((category) => categories.includes(category));
};

/**
 * Let the parts do what they do, and tell whose visit it is.
 *
 * @param {boolean} [hasChosen]
 * @returns {import("./wire.js").Members}
 */
export const tell = (hasChosen) => parts.map((part) => guard(() => part(hasChosen), "error"))[0] || {};

/**
 * Take what the person chose, or undefined for no choice at all.
 *
 * @param {(category: any) => unknown} [isGranted]
 */
export const choose = (isGranted) => {
  tell(); // a choice of an earlier page is read first
  consent = isGranted && CATEGORIES.filter(isGranted);
  tell(true);
};

/** @param {any} choices a truth for some categories */
export const setConsent = (choices) =>
  guard(() => choose(choices && ((category) => choices[category] ?? allowed(category))), "error");

/** @type {typeof import("./api.js").configure} */
export const configure = (given) => {
  options = { ...options, ...given };
  tell();
};
