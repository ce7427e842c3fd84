/** An event from the call to the client: checked, keyed, sealed, sent. */

import { drop, guard, report, state, submit } from "./state.js";
import { uuid4 } from "./uuid.js";
import { fields, isObject } from "./values.js";

/**
 * @typedef {import("./values.js").Shape} Shape
 * @typedef {import("./state.js").Plan} Plan
 *
 * What an event has beside its properties. `context` replaces the plan's; `ids` are the ids that it must carry;
 * `signIn` checks the user id that the call brings; `signOut` forgets the person when it is sent; `time` names the
 * property that is the event's time; `via` hands the record to the client in another way than `track`.
 * @typedef {{
 *   key?: import("./keys.js").Key,
 *   context?: readonly [Shape, Shape?],
 *   category?: string,
 *   ids?: readonly string[],
 *   signIn?: import("./values.js").Check,
 *   signOut?: boolean,
 *   time?: string,
 *   revenue?: (wire: Record<string, any>) => Record<string, any>,
 *   via?: (client: import("./api.js").Client, record: Record<string, any>) => unknown,
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
  const known = { user_id: client && client.getUserId?.(), device_id: client && client.getDeviceId?.() };
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
  try {
    if (!options.signIn) return;
    sealed.userId = options.signIn(call && call.userId);
    if (record.user_id !== null) record.user_id = sealed.userId;
  } catch {
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
  const { plan, options, record, userId } = sealed;
  return judge(sealed, () => {
    state.accepted++;
    return submit({
      consent: plan.consent,
      category: options.category || "analytics",
      record,
      send(client) {
        if (userId) client.setUserId?.(userId);
        const result = (options.via || track)(client, record);
        if (options.signOut) client.reset?.();
        return result;
      },
    });
  });
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
