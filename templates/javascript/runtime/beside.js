/** Pending copies beside the vendor's SDK: with its ids, and without an endpoint in the plan through it. */

import { hold, hybrid, told } from "./pending.js";
import { count, guard, options } from "./state.js";
import { lose, schedule, withCopies } from "./upload.js";
import { hash } from "./wire.js";

/** @type {(more: import("./event.js").Options, kept?: object) => import("./event.js").Options} what the SDK knows */
const beside = (more, kept) => ({
  ...more,
  copy: (record) => ({
    session_id: options.client?.getSessionId?.(),
    ...record,
    user_id: record.user_id && hash(record.user_id),
    ...kept,
  }),
});

/** @type {typeof hybrid} */
export const besideSdk = (plan, name, required, optional, more = {}) =>
  hybrid(plan, name, required, optional, beside(more));

/** @type {typeof hybrid} the same where there is no endpoint: nobody can be asked, so the SDK sends what is due */
export const throughSdk = (plan, name, required, optional, more = {}) => {
  const { sendUnknown, without } = more;
  const made = hybrid(plan, name, required, optional, beside(more, { sendUnknown, without }));
  withCopies((key, waits) => {
    if (!hold(key, waits)) {
      if (options.client) replay(key, waits);
      else schedule(1000); // it has not been made yet
    }
    return true;
  }, told);
  return made;
};

/** @type {(key: string, waits: import("./upload.js").Waiting) => void} */
const replay = (key, { e, m, p }) => {
  e.time ??= Math.round(m + p);
  const { trackside, sendUnknown, without = [], event_type: name, event_properties: properties, ...others } = e;
  lose(key);
  if (!sendUnknown && trackside.copy == "unknown") return void count("unknown");
  const { client } = options;
  const user = client?.getUserId?.();
  // The copy is nobody's but the person's of the call; null keeps the SDK from adding another.
  if (!user || hash(user) != trackside.who) others.user_id = null;
  for (const id of without) others[id] = null;
  guard(() => {
    client?.track(name, properties, others);
    count("sent");
  }, "client");
};
