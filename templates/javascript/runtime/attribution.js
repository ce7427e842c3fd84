/** What brought the person here, where the plan keeps it. */

import { options } from "./state.js";

/**
 * Declare how it is kept. A direct visit never overwrites.
 *
 * @param {readonly string[]} parameters what is kept of the address and the referrer
 * @param {readonly string[]} touches how the names of the first and of the last touch begin: what has no room is missing
 *   of the last
 * @param {number} keep for how long the first touch stands, in ms
 * @returns {NonNullable<import("./state.js").Settings["attribute"]>}
 */
export const attributing = (parameters, touches, keep) => (visit, time) => {
  const { a = {}, f = 0 } = visit;
  // The address of another site's page, without its query.
  let [from = "", host = ""] = /^\w+:\/\/([^/?#:]*)[^?#]*/.exec(document.referrer) || [];
  if (("." + host).endsWith("." + (options.domain || location.hostname))) from = host = "";
  const said = new URLSearchParams(location.search);
  said.set("referrer", from);
  said.set("referring_domain", host);
  const found = parameters.some((name) => said.get(name));
  const isOver = time - f > keep;
  /** @type {Record<string, string>} */
  const kept = (visit.a = {});
  for (const start of touches)
    for (const name of parameters) {
      const value = (start ? isOver : found) ? said.get(name)?.slice(0, 255) : a[start + name];
      if (value) kept[start + name] = value;
    }
  if (isOver && found) visit.f = time;
};
