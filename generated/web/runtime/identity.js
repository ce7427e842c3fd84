/** Who uses the page: signing in and out, and the wish not to be counted. */

import { drop, guard, report, submit } from "./state.js";
import { refuse, string } from "./values.js";

/**
 * Check a user id: 5 to 1,024 characters, and none that the destination takes for no id.
 *
 * @type {import("./values.js").Check}
 */
export const userId = (value) =>
  /^[^]{5,1024}$/u.test(string(value)) && !/^(anonymous|undefined|unknown|lmy47d|[0-]{36})$/i.test(value)
    ? value
    : refuse("not a user id");

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
