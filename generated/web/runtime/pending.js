/**
 * The client's copy of a fact that the server owns. It asserts nothing by itself: it is sealed before the request
 * leaves, and whoever made the request says what became of it. It lives as long as the page does.
 */

import { LOST, judge, seal, send } from "./event.js";
import { drop, guard } from "./state.js";

/**
 * Declare a hybrid event: the object that the page asks for copies.
 *
 * @param {import("./state.js").Plan} plan
 * @param {string} name
 * @param {import("./values.js").Shape} [required]
 * @param {import("./values.js").Shape} [optional]
 * @param {import("./event.js").Options} [options]
 */
export const hybrid = (plan, name, required, optional, options) => ({
  /**
   * Seal a copy.
   *
   * @param {any} [properties]
   * @returns {import("./api.js").Pending<any>}
   */
  pending(properties) {
    /** @type {import("./event.js").Sealed | undefined} */
    let copy;
    const receipt =
      guard(() => {
        const sealed = seal(plan, name, properties, required, optional, options);
        sealed.record.time ??= Date.now();
        return judge(sealed, () => {
          copy = { ...sealed, problems: [] }; // told of once
          return true;
        });
      }) || LOST;
    const take = () => {
      const taken = copy;
      copy = undefined;
      return taken;
    };
    return {
      ...receipt,
      send(/** @type {any} */ call) {
        const taken = take();
        return !!taken && (guard(() => send(taken, call)) || LOST).accepted;
      },
      drop() {
        if (take()) drop("copy");
      },
    };
  },
});
