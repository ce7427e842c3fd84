/** An event from the call to the client: checked, keyed, sealed, sent. */

import { drop, guard, report, state, submit, tell } from "./state.js";
import { uuid4 } from "./uuid.js";
import { fields, isObject } from "./values.js";

/**
 * @typedef {import("./values.js").Shape} Shape
 * @typedef {import("./state.js").Plan} Plan
 *
 * What an event has beside its properties. `context` replaces the plan's; `ids` are the ids that it must carry;
 * `signIn` checks the user id that the call brings; `signOut` forgets the person when it is sent; `time` names the
 * property that is the event's time; `window` is how long the key holds, in seconds, if not 7 days; `via` hands the
 * record to the client in another way than `track`. `grace` is how long a pending copy waits, in seconds; without an
 * endpoint `replay` sends it, also when nobody knows what became of the request, if `sendUnknown` says so.
 * @typedef {{
 *   key?: import("./keys.js").Key,
 *   context?: readonly [Shape, Shape?],
 *   category?: string,
 *   ids?: readonly string[],
 *   signIn?: (userId: any) => boolean,
 *   signOut?: boolean,
 *   time?: string,
 *   window?: number,
 *   grace?: number,
 *   replay?: NonNullable<typeof state.replay>,
 *   sendUnknown?: boolean,
 *   revenue?: (wire: Record<string, any>) => Record<string, any>,
 *   via?: (client: import("./state.js").Transport, record: Record<string, any>) => unknown,
 * }} Options
 *
 * An event whose values are final: nothing of it is read again when it is sent.
 * @typedef {{
 *   plan: Plan,
 *   options: Options,
 *   record: Record<string, any>,
 *   accepted: boolean,
 *   flagged: boolean,
 *   problems: {property: string, reason: string}[],
 *   given: unknown,
 *   attempt?: string,
 *   userId?: string,
 * }} Sealed
 */

/**
 * Check a call and compute all that is sent of it. Never sends and never throws for a value.
 *
 * @param {Plan} plan
 * @param {string} name
 * @param {any} given
 * @param {Shape} [required]
 * @param {Shape} [optional]
 * @param {Options} [options]
 * @returns {Sealed}
 */
export const seal = (plan, name, given = {}, required = {}, optional = {}, options = {}) => {
  /** @type {Sealed} */
  const sealed = { plan, options, record: {}, accepted: true, flagged: false, problems: [], given };
  /** @type {(reason: string, property?: string) => void} */
  const refuse = (reason, property = "") => {
    sealed.accepted = false;
    sealed.problems.push({ property, reason });
  };
  /** @type {NonNullable<Parameters<typeof fields>[3]>} */
  const caught = ({ reason, path, whole }, needed) => {
    sealed.problems.push({ property: path.slice(1), reason });
    if (whole) sealed.accepted = false;
    if (needed) sealed.flagged = true;
  };

  /** @type {Record<string, any>} */
  let wire = {};
  const [needs, may] = options.context || plan.context || [{}];
  try {
    if (!isObject(given)) refuse("not an object");
    else
      wire = {
        ...fields(state.context, needs, may, caught, () => undefined),
        ...fields(given, required, optional, caught, plan.rest),
      };
  } catch {
    refuse("unreadable"); // a proxy that throws
  }

  const insertId = options.key ? options.key(wire, name, sealed) : uuid4();
  if (!insertId) refuse("no dedupe key");
  const { record } = sealed;
  Object.assign(record, {
    event_type: name,
    event_properties: wire,
    insert_id: insertId,
    ingestion_metadata: { source_name: plan.source, source_version: plan.version },
    ...(options.revenue && options.revenue(wire)),
  });
  if (options.time && wire[options.time]) record.time = Date.parse(wire[options.time]);
  identify(sealed, refuse);
  return sealed;
};

/**
 * Fix whom the event is about. The vendor's SDK reads its ids later, when a reset may have changed them.
 *
 * @param {Sealed} sealed
 * @param {(reason: string) => void} refuse
 */
const identify = ({ options: { key, ids, signIn }, record }, refuse) => {
  const { client } = state;
  // Our own transport looks who it is when it is asked for the device.
  const device_id = client && client.getDeviceId?.();
  const known = { user_id: client && client.getUserId?.(), device_id };
  const session = client && client.getSession?.();
  if (session) record.session_id = session;
  for (const name of /** @type {const} */ (["user_id", "device_id"])) {
    // A key holds only if every copy carries the same ids: null keeps the SDK from adding its own.
    if (key && ids && !ids.includes(name)) record[name] = null;
    else if (known[name]) record[name] = known[name];
  }
  // Without a device id the client is still starting and knows nobody.
  if (ids && ids.includes("user_id") && !signIn && !known.user_id && known.device_id) refuse("no user id");
};

/**
 * Take the user id that a call brings, if the event signs somebody in.
 *
 * @param {Sealed} sealed
 * @param {any} call
 */
const takeUser = (sealed, call) => {
  const { options, record } = sealed;
  if (!options.signIn) return;
  let id;
  try {
    id = call.userId;
  } catch {
    // a getter that throws, or no call at all
  }
  if (options.signIn(id)) {
    sealed.userId = id;
    if (record.user_id !== null) record.user_id = id;
  } else {
    sealed.accepted = false;
    sealed.problems.push({ property: "userId", reason: "not a user id" });
  }
};

/**
 * Tell of what is wrong with a sealed event, and hand it over if it is accepted.
 *
 * @param {Sealed} sealed
 * @param {() => boolean} handOver
 * @returns {import("./api.js").Receipt}
 */
export const judge = (sealed, handOver) => {
  const { record, problems, given, flagged, attempt } = sealed;
  if (problems.length) report({ event: record.event_type, accepted: sealed.accepted, problems, properties: given });
  if (!sealed.accepted) drop("refused");
  return {
    accepted: sealed.accepted && handOver(),
    flagged,
    insertId: record.insert_id,
    problems,
    headers: attempt ? { "Trackside-Attempt": "1 " + attempt } : {},
  };
};

/**
 * Send a sealed event, now or when the client and the person's choice are there.
 *
 * @param {Sealed} sealed
 * @param {any} call
 * @returns {import("./api.js").Receipt}
 */
export const send = (sealed, call) => {
  takeUser(sealed, call);
  const { options, record, userId } = sealed;
  return judge(sealed, () => {
    state.accepted++;
    const job = {
      ...jobOf(options),
      record,
      send(/** @type {import("./state.js").Transport} */ client) {
        if (userId) client.setUserId?.(userId);
        const result = client.post ? client.post(record, job) : counted((options.via || track)(client, record));
        if (options.signOut) client.reset?.();
        return result;
      },
    };
    return submit(job);
  });
};

/**
 * Say what consent an event needs, and how long it may wait: one with a key dies a day before its key does.
 *
 * @param {Options} options
 */
export const jobOf = ({ category = "analytics", key, window = 604_800 }) => ({
  category,
  life: key && (window - 86_400) * 1000,
});

/**
 * Count what became of an event: the vendor's promise never rejects, it answers with a code.
 *
 * @param {any} result
 */
const counted = (result) => {
  tell("begin"); // the SDK may just have begun a session
  Promise.resolve(result && (result.promise || result)).then(
    (answer) => {
      if (answer && answer.code != null && answer.code != 200) drop("code " + answer.code);
      else state.sent++;
    },
    () => drop("client"),
  );
};

/** @type {NonNullable<Options["via"]>} */
const track = (client, { event_type: name, event_properties: properties, ...options }) =>
  client.track(name, properties, options);

/** @type {import("./api.js").Receipt} what a call answers when something of ours failed */
export const LOST = { accepted: false, flagged: false, insertId: undefined, problems: [], headers: {} };

/**
 * Declare an event: the function that the page calls.
 *
 * @param {Plan} plan
 * @param {string} name
 * @param {Shape} [required]
 * @param {Shape} [optional]
 * @param {Options} [options]
 * @returns {(properties?: any, call?: any) => import("./api.js").Receipt}
 */
export const event = (plan, name, required, optional, options) => (properties, call) =>
  guard(() => send(seal(plan, name, properties, required, optional, options), call)) || LOST;
