/** An event from the call to what sends it: checked, keyed, sealed. */

import { allowed, count, guard, options as configured } from "./state.js";
import { uuid4 } from "./uuid.js";
import { fields, isObject } from "./values.js";

/**
 * @typedef {import("./values.js").Shape} Shape
 *
 * What an event does with its record beyond its properties: it may write fields, refuse the call, and give what is done
 * when the event goes out.
 * @typedef {(record: Record<string, any>, refuse: (reason: string, property?: string) => void, call: any) =>
 *   (() => unknown) | void} Add
 *
 * What the compiler says to events. `who` tells whom they are about, `send` takes what is sealed, `hold` a copy where a
 * test captures it. `from` is the source and its version. `context` holds the required and the optional properties that they carry. `rest` is what properties
 * must be that no shape names; without it they are refused.
 * @typedef {{
 *   who(): Record<string, string | number | undefined>,
 *   send(record: Record<string, any>, options: Options, act?: () => unknown): boolean,
 *   hold?: (record: Record<string, any>) => unknown,
 *   from: Readonly<Record<string, string>>,
 *   namespace?: string,
 *   context?: readonly [Shape, Shape?],
 *   rest?: import("./values.js").Type,
 * }} Plan
 *
 * What an event has beside its properties. `context` replaces the plan's; `without` lists ids that it must not carry;
 * `adds` come after the properties; `signsIn` takes the user id that a copy's settlement brings, `signOut` forgets the
 * person when the event is sent; `life` is how long it may wait, `grace` how long a pending copy does, both in ms; `via`
 * hands it to the SDK in another way than `track`. Beside the SDK, `copy` says of whom a copy is, and `sendUnknown` to
 * send it also when nobody knows what became of the request.
 * @typedef {{
 *   key?: import("./keys.js").Key,
 *   context?: readonly [Shape, Shape?],
 *   category?: string,
 *   without?: readonly string[],
 *   signOut?: () => unknown,
 *   adds?: readonly Add[],
 *   life?: number,
 *   grace?: number,
 *   copy?: (record: Record<string, any>) => Record<string, any>,
 *   sendUnknown?: boolean,
 *   signsIn?: Add,
 *   via?: (client: import("./api.js").Client, record: Record<string, any>) => unknown,
 * }} Options
 */

/** Begin a receipt: what a call answers when something of ours fails. */
export const blank = () => ({
  accepted: false,
  flagged: false,
  insertId: /** @type {string | undefined} */ (undefined),
  problems: /** @type {{property: string, reason: string}[]} */ ([]),
  headers: /** @type {Record<string, string>} */ ({}),
});

/** @typedef {ReturnType<typeof blank>} Receipt */

/** @type {Record<string, any>} what `setContext` has set */
export let carried = {};

/** @param {typeof carried} values */
export const carryOn = (values) => {
  carried = values;
};

/**
 * Tell of what breaks the plan: thrown in strict mode, else handed to `onViolation`.
 *
 * @param {string} event
 * @param {boolean} accepted
 * @param {import("./api.js").Violation["problems"]} problems
 * @param {unknown} properties
 */
export const report = (event, accepted, problems, properties) => {
  const { strict, onViolation } = configured;
  if (strict)
    throw new TypeError(
      `${event}: ${problems.map(({ property, reason }) => `${property} ${reason}`.trim()).join(", ")}`,
    );
  guard(() => onViolation?.({ event, accepted, problems, properties }), "error");
};

/**
 * Check a call and compute all that is sent of it: nothing of it is read again later. Never throws for a value.
 *
 * @param {Plan} plan
 * @param {string} name
 * @param {any} given
 * @param {Shape} required
 * @param {Shape} optional
 * @param {Options} options
 * @param {Receipt} receipt takes what is wrong
 * @param {any} [call]
 * @returns {[Record<string, any>, (() => unknown) | undefined] | undefined} the record, and what is done with it;
 *   none where the call is refused, or the person does not allow it
 */
export const seal = (plan, name, given = {}, required, optional, options, receipt, call) => {
  const { problems } = receipt;
  let accepted = true;
  /** @type {(refusal: import("./values.js").Refusal, needed?: boolean) => void} */
  const caught = ([reason, whole, path = ""], needed) => {
    problems.push({ property: path.slice(1), reason });
    if (whole) accepted = false;
    if (needed) receipt.flagged = true;
  };
  /** @type {(reason: string, property?: string) => void} */
  const refuse = (reason, property = "") => caught([reason, true, "." + property]);

  /** @type {Record<string, any>} */
  let wire = {};
  const [needs, may] = options.context || plan.context || [{}];
  try {
    if (!isObject(given)) refuse("not an object");
    else
      wire = {
        ...fields(carried, needs, may, caught, () => undefined),
        ...fields(given, required, optional, caught, plan.rest),
      };
  } catch {
    refuse("unreadable"); // a proxy that throws
  }

  const insert_id = (receipt.insertId = options.key ? options.key(wire, name, receipt) : uuid4());
  if (!insert_id) refuse("no dedupe key");
  /** @type {Record<string, any>} */
  const record = { event_type: name, event_properties: wire, insert_id, ingestion_metadata: plan.from };
  // Whom the event is about is fixed here: the vendor's SDK reads its ids later, when a reset may have changed them.
  Object.assign(record, plan.who());
  let act;
  for (const add of options.adds || []) act = add(record, refuse, call) || act;
  // A key holds only if every copy carries the same ids.
  for (const id of options.without || []) delete record[id];
  if (problems[0]) report(name, accepted, problems, given);
  count(accepted ? "accepted" : "refused");
  if (accepted && (allowed(options.category) !== false || count("consent"))) return [record, act];
};

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
export const event =
  (plan, name, required = {}, optional = {}, options = {}) =>
  (properties, call) => {
    const receipt = blank();
    guard(() => {
      const sealed = seal(plan, name, properties, required, optional, options, receipt, call);
      if (sealed) receipt.accepted = plan.send(sealed[0], options, sealed[1]);
    }, "error");
    return receipt;
  };
