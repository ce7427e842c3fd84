/** Who uses the page: signing in and out, and the wish not to be counted. */

import { drop, guard, report, submit } from "./state.js";
import { refuse, string } from "./values.js";

/**
 * Check a user id: at least 5 characters, and none that the destination refuses.
 *
 * @type {import("./values.js").Check}
 */
export const userId = (value) =>
  [...string(value)].length < 5 || /^(?:anonymous|undefined|unknown|lmy47d|[0-]{36})$/i.test(value)
    ? refuse("not a user id")
    : value;

/** @param {(client: import("./api.js").Client) => unknown} send */
const tell = (send) => {
  guard(() => submit({ category: "necessary", send }));
};

/** @type {typeof import("./api.js").login} */
export const login = (id) => {
  try {
    userId(id);
  } catch {
    drop("refused");
    return report({
      event: "login",
      accepted: false,
      problems: [{ property: "userId", reason: "not a user id" }],
      properties: id,
    });
  }
  tell((client) => client.setUserId?.(id));
};

/** @type {typeof import("./api.js").reset} */
export const reset = () => tell((client) => client.reset?.());

/** @type {typeof import("./api.js").optOut} */
export const optOut = (out = true) => tell((client) => client.setOptOut?.(out));
