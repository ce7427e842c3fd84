/** Who a user id may be, and how an event takes one. */

import { report } from "./event.js";
import { count } from "./state.js";

/**
 * Judge a user id: 5 to 1,024 characters, and none that the destination takes for no id.
 *
 * @type {(value: any) => boolean}
 */
export const userId = (value) =>
  typeof value == "string" &&
  /^[^\p{Surrogate}]{5,1024}$/u.test(value) &&
  !/^(anonymous|undefined|unknown|lmy47d|[0-]{36})$/i.test(value);

/**
 * Make what an event does that signs somebody in.
 *
 * @param {(id: string) => unknown} set
 * @param {(id: string) => string | number} [form] the id as it is sent
 * @returns {import("./event.js").Add}
 */
export const signingIn =
  (set, form = (id) => id) =>
  (record, refuse, call) => {
    let id = "";
    try {
      id = call.userId;
    } catch {
      // a getter that throws, or no call at all
    }
    if (userId(id)) {
      record.user_id = form(id);
      return () => set(id);
    }
    refuse("not a user id", "userId");
  };

/**
 * Make `login`.
 *
 * @param {(id: string) => unknown} set
 * @returns {typeof import("./api.js").login}
 */
export const loggingIn = (set) => (id) => {
  if (userId(id)) set(id);
  else {
    count("refused");
    report("login", false, [{ property: "userId", reason: "not a user id" }], id);
  }
};
