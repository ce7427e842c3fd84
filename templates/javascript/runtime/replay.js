/** Copies where the plan has no endpoint: nobody can be asked, so the vendor's SDK sends them. */

import { drop, guard, state } from "./state.js";
import { lose } from "./upload.js";
import { hash } from "./wire.js";

/** @type {NonNullable<typeof state.replay>} */
export const replay = ([key, { e, s }]) => {
  const { trackside, event_type: name, event_properties: properties, ...options } = e;
  lose(key);
  if (!s && trackside.copy == "unknown") return drop("unknown");
  const { client } = state;
  const user = client && client.getUserId?.();
  // The copy is nobody's but the person's of the call; null keeps the SDK from adding another.
  if (typeof user != "string" || hash(user) != trackside.who) options.user_id = null;
  guard(() => {
    client?.track(name, properties, options);
    state.sent++;
  }, "client");
};
