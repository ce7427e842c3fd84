/** What one page knows: the plan's settings, what the person allows, and what became of it all. */

/**
 * What the compiler says of the page. `name` is the plan's and the source's. `consent` is what holds before the person
 * has chosen: true, false, or nothing where events wait for the choice. Without the category `stores` (analytics, if it
 * says none) nothing is written. `route` is the endpoint's, `timeout` the session's in ms. `cookie` reads the cookie's
 * text or writes it, `attribute` keeps what brought the person here, where the plan wants these.
 *
 * @typedef {{
 *   name?: string,
 *   consent?: boolean,
 *   stores?: string,
 *   route?: string,
 *   origins?: readonly string[],
 *   timeout?: number,
 *   cookie?: (text?: string, hasChosen?: boolean) => string | undefined | void,
 *   attribute?: (visit: import("./wire.js").Members, time: number) => void,
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

export let settings = /** @type {Settings} */ ({});
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

/** @type {(category?: string) => boolean | undefined} whether the person allows it; undefined while the choice is awaited */
export const allowed = (category = "analytics") =>
  category == "necessary" || (consent ? consent.includes(category) : settings.consent);

/** List what the person allows; undefined while the choice is awaited. */
export const granted = () => consent || (settings.consent ? CATEGORIES : undefined);

/** List it where the person has chosen, or where nothing is allowed before. */
export const chosen = () => consent || (settings.consent ? undefined : []);

/** @param {((category: any) => unknown) | undefined} isGranted what the person allows; undefined for no choice at all */
export const consentTo = (isGranted) => {
  consent = isGranted && CATEGORIES.filter(isGranted);
};

/**
 * Let the parts do what they do, and tell whose visit it is.
 *
 * @param {boolean} [hasChosen]
 * @returns {import("./wire.js").Members}
 */
export const tell = (hasChosen) => parts.map((part) => guard(() => part(hasChosen), "error"))[0] || {};

/** @type {typeof consentTo} what the person chooses now */
export const choose = (isGranted) => {
  tell(); // a choice of an earlier page is read first
  consentTo(isGranted);
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
