/** What sends where the vendor's SDK does, or any client that the page names. */

import { signingIn, loggingIn } from "./identity.js";
import { allowed, count, guard, options, queue, tell } from "./state.js";
import { inPage } from "./store.js";

/** @type {import("./state.js").Part} */
export const page = () => {
  queue.splice(0).forEach(submit);
  const { client } = options;
  return { d: client?.getDeviceId?.(), s: client?.getSessionId?.(), t: Date.now() };
};

/** Tell whether anything may be done: what is rendered on a server is nobody's, but a test may capture there. */
const mayAct = () => inPage || /** @type {any} */ (options.client)?.captures;

/**
 * Do it now, or let it wait for the client and the person's choice.
 *
 * @param {import("./state.js").Job} job
 */
const submit = (job) => {
  const { category, record, act } = job;
  const { client } = options;
  const may = allowed(category);
  if (may === false) count("consent");
  else if (client && may) guard(() => act(client), "client");
  else {
    if (record) record.time ??= Date.now();
    // So many wait for a client or for consent; beyond it the oldest go.
    if (queue.push(job) > 1000) {
      queue.shift();
      count("queue");
    }
  }
};

/** @type {import("./event.js").Plan["who"]} */
export const who = () => {
  const { client } = options;
  const [user_id, device_id] = [client?.getUserId?.(), client?.getDeviceId?.()];
  // In the SDK's options, what is undefined would erase an id.
  return { ...(user_id && { user_id }), ...(device_id && { device_id }) };
};

/** @type {import("./event.js").Plan["send"]} */
export const send = (record, { category, via = track, signOut, without = [] }, act) => {
  if (!mayAct()) return count("no_page");
  // Null keeps the SDK from adding its own.
  for (const id of without) record[id] = null;
  submit({
    category,
    record,
    act(client) {
      act?.();
      counted(via(client, record));
      signOut?.();
    },
  });
  return true;
};

/** @type {NonNullable<import("./event.js").Options["via"]>} */
export const track = (client, { event_type: name, event_properties: properties, ...options }) =>
  client.track(name, properties, options);

/**
 * Count what became of an event: the vendor's promise never rejects, it answers with a code.
 *
 * @param {any} result
 */
const counted = (result) => {
  tell(); // the SDK may just have begun a session
  Promise.resolve(result?.promise || result).then(
    (answer) => count(answer?.code != null && answer.code != 200 ? "code " + answer.code : "sent"),
    () => count("client"),
  );
};

/** @param {import("./state.js").Job["act"]} act */
const now = (act) => {
  guard(() => mayAct() && submit({ category: "necessary", act }), "error");
};

/** @param {string} id */
const set = (id) => options.client?.setUserId?.(id);

export const signIn = /*#__PURE__*/ signingIn(set);

export const login = /*#__PURE__*/ loggingIn((id) => now(() => set(id)));

export const reset = () => now((client) => client.reset?.());

/** @type {typeof import("./api.js").optOut} */
export const optOut = (out = true) => now((client) => client.setOptOut?.(out));
