/** Who uses the page: signing in and out, and the wish not to be counted. */

import { drop, guard, report, submit } from "./state.js";

/**
 * Judge a user id: 5 to 1,024 characters, and none that the destination takes for no id.
 *
 * @type {(value: any) => boolean}
 */
export const userId = (value) =>
  typeof value == "string" &&
  /^[^\p{Surrogate}]{5,1024}$/u.test(value) &&
  !/^(anonymous|undefined|unknown|lmy47d|[0-]{36})$/i.test(value);

/** @param {(client: import("./state.js").Transport) => unknown} send */
const tell = (send) => {
  guard(() => submit({ category: "necessary", send }));
};

/** @type {typeof import("./api.js").login} */
export const login = (id) => {
  if (userId(id)) return tell((client) => client.setUserId?.(id));
  drop("refused");
  report({
    event: "login",
    accepted: false,
    problems: [{ property: "userId", reason: "not a user id" }],
    properties: id,
  });
};

/** @type {typeof import("./api.js").reset} */
export const reset = () => tell((client) => client.reset?.());

/** @type {typeof import("./api.js").optOut} */
export const optOut = (out = true) => tell((client) => client.setOptOut?.(out));
