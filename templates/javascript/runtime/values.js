/**
 * What a value is under a type, and how it is sent: "one value, one verdict, one wire form".
 *
 * A check takes a value and returns its wire form, or throws a Refusal. A list of literals is a check too: the value
 * must be one of them. Every check stands alone, so that a bundler keeps only those that the imported events use.
 * Nothing here changes a value it is given: objects and lists are copied.
 *
 * A check that is `fixed` is a constant, which answers for an absent value.
 * @typedef {((value: any) => any) & {fixed?: boolean}} Check
 * @typedef {Check | readonly (string | number | boolean | null)[]} Type
 * @typedef {Readonly<Record<string, Type>>} Shape
 */

/**
 * Why a value is refused, which reads after its name; whether the event is refused with it, not the value alone; and the
 * way to the part at fault, such as `.items[2].sku`. It is thrown: nothing but a list is, here.
 *
 * @typedef {[reason: string, whole?: boolean, path?: string]} Refusal
 */

/** @type {(...refusal: Refusal) => never} */
export const refuse = (...refusal) => {
  throw refusal;
};

/** @type {(value: object, name: string) => boolean} */
export const has = (value, name) => ({}).hasOwnProperty.call(value, name);

/** @type {(value: any, name: string) => boolean} whether it is of a class of the language, from whatever frame */
const isA = (value, name) => ({}).toString.call(value) == `[object ${name}]`;

/**
 * Check one value.
 *
 * @param {Type} type
 * @param {any} value
 * @returns {any} its wire form
 */
const read = (type, value) => {
  if (typeof type == "function") return type(value);
  const index = type.indexOf(value);
  return index < 0 ? refuse("not allowed") : type[index];
};

/**
 * Say where a refusal comes from. What a getter or a proxy throws is a refusal like any other.
 *
 * @param {string} step the way to the part at fault
 * @param {unknown} error
 * @returns {Refusal}
 */
const locate = (step, error) => {
  const [reason, whole, path = ""] = Array.isArray(error) ? error : ["unreadable"];
  return [reason, whole, step + path];
};

/** @param {any} value an object that is meant to hold properties: not a list, a Date, a Map or the like */
export const isObject = (value) => isA(value, "Object");

/** @type {Check} */
const unknown = () => refuse("unknown");

/**
 * Check the properties of an object. What is undefined is absent.
 *
 * @param {any} given
 * @param {Shape} required
 * @param {Shape} [optional]
 * @param {(refusal: Refusal, needed?: boolean) => void} [caught] takes what is refused, which is then left out; throws
 *   by default
 * @param {Type} [rest] what properties that neither shape names must be; refused by default
 * @returns {Record<string, any>} the wire form of all that was accepted
 */
export const fields = (given, required, optional = {}, caught = refuseAgain, rest = unknown) => {
  /** @type {[string, any][]} */
  const wire = [];
  /** @type {(name: string, type: Type, needed?: boolean) => void} */
  const take = (name, type, needed) => {
    try {
      const value = has(given, name) ? given[name] : undefined;
      const isAbsent = value === undefined && !(/** @type {Check} */ (type).fixed);
      const form = isAbsent ? needed && refuse("missing") : read(type, value);
      if (form !== undefined) wire.push([name, form]);
    } catch (error) {
      caught(locate("." + name, error), needed);
    }
  };
  for (const name of Object.keys(required)) take(name, required[name], true);
  for (const name of Object.keys(optional)) take(name, optional[name]);
  for (const name of Object.keys(given)) if (!has(required, name) && !has(optional, name)) take(name, rest);
  return Object.fromEntries(wire); // sets a property called __proto__ like any other
};

/** @param {Refusal} refusal */
const refuseAgain = (refusal) => {
  throw refusal;
};

/** @type {Check} */
export const string = (value) =>
  typeof value != "string" ? refuse("not text") : /\p{Surrogate}/u.test(value) ? refuse("lone surrogate") : value;

/** @type {Check} */
export const number = (value) => (Number.isFinite(value) ? value + 0 : refuse("not a number")); // -0 + 0 is 0

/** @type {Check} */
export const integer = (value) => (Number.isSafeInteger(value) ? value + 0 : refuse("not a whole number"));

/** @type {Check} */
export const boolean = (value) => (typeof value == "boolean" ? value : refuse("not true or false"));

/**
 * Text of a form.
 *
 * @param {RegExp} form
 * @param {string} reason
 * @returns {(value: any) => string}
 */
const text = (form, reason) => (value) => (typeof value == "string" && form.test(value) ? value : refuse(reason));

/** A day that every month has: no calendar is asked, which takes longer than all else. */
const EVERY_MONTH = /-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$/;

/** @param {string} value */
const isDay = (value) =>
  (EVERY_MONTH.test(value) || (new Date(value).toJSON() || "").startsWith(value)) && value > "0001";

/** @type {Check} */
export const date = (value) =>
  typeof value == "string" && /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value) && isDay(value) ? value : refuse("not a date");

const DATETIME =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})T((?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2})(?:[.]([0-9]{1,9}))?(Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$/;

/** @type {Check} text with an offset, or a Date; sent in UTC, cut to milliseconds */
export const datetime = (value) => {
  let time = NaN;
  if (isA(value, "Date")) time = +value;
  else if (typeof value == "string") {
    const [, day, hours, fraction = "", zone] = DATETIME.exec(value) || [];
    if (day && isDay(day)) time = Date.parse(`${day}T${hours}.${(fraction + "000").slice(0, 3)}${zone}`);
  }
  const wire = new Date(time).toJSON();
  return wire && wire > "0001" ? wire : refuse("not a datetime"); // other years start with 0000 or a sign
};

const isUuid = /*#__PURE__*/ text(/^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/, "not a UUID");

/** @type {Check} */
export const uuid = (value) => isUuid(value).toLowerCase();

/** @type {Check} */
export const url = /*#__PURE__*/ text(
  /^[Hh][Tt][Tt][Pp][Ss]?:\/\/(?:[0-9A-Za-z_][0-9A-Za-z._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?(?:[/?#][!#-;=?-~]*)?$/,
  "not a URL",
);

/** @type {(value: any, depth: number) => any} */
const json = (value, depth) => {
  if (value === null || typeof value == "boolean") return value;
  if (typeof value == "string") return string(value);
  if (typeof value == "number") return number(value);
  const nested = Array.isArray(value) ? list : isObject(value) ? map : refuse("not JSON");
  // A value that holds itself ends here too.
  return depth < 40 ? nested((/** @type {any} */ part) => json(part, depth + 1))(value) : refuse("too deep");
};

/** @type {Check} any JSON value, at most 40 levels deep */
export const any = (value) => json(value, 0);

/**
 * One of some values of a type whose wire form can differ from what is given.
 *
 * @param {Type} type
 * @param {Type} values
 * @returns {Check}
 */
export const oneOf = (type, values) => (value) => read(values, read(type, value));

/**
 * A fixed value, which need not be given.
 *
 * @param {string | number | boolean | null} wire
 * @param {Type} [type] where the wire form can differ from what is given
 * @returns {Check}
 */
export const constant = (wire, type = (/** @type {unknown} */ value) => value) =>
  Object.assign(
    (/** @type {unknown} */ value) =>
      value === undefined || read(type, value) === wire ? wire : refuse("not the constant", true),
    { fixed: true },
  );

/**
 * A type or null.
 *
 * @param {Type} type
 * @returns {Check}
 */
export const nullable = (type) =>
  Object.assign((/** @type {any} */ value) => (value === null ? value : read(type, value)), {
    fixed: /** @type {Check} */ (type).fixed,
  });

/**
 * @param {Type} type
 * @param {(wire: any) => boolean} holds
 * @param {string} reason
 * @returns {Check}
 */
const limit = (type, holds, reason) => (value) => {
  const wire = read(type, value);
  return holds(wire) ? wire : refuse(reason);
};

/** @type {(type: Type, minimum: number, maximum?: number) => Check} */
export const range = (type, minimum, maximum = Infinity) =>
  limit(type, (wire) => wire >= minimum && wire <= maximum, "out of range");

/** @type {(type: Type, minimum: number, maximum?: number) => Check} both bounds are outside the range */
export const between = (type, minimum, maximum = Infinity) =>
  limit(type, (wire) => wire > minimum && wire < maximum, "out of range");

/** @type {(type: Type, minimum: number, maximum?: number) => Check} counts code points */
export const length = (type, minimum, maximum = Infinity) =>
  limit(type, (wire) => isWithin([...wire].length, minimum, maximum), "wrong length");

/** @type {(type: Type, form: RegExp) => Check} */
export const pattern = (type, form) => limit(type, (wire) => form.test(wire), "wrong pattern");

/** @type {(size: number, minimum: number, maximum: number) => boolean} */
const isWithin = (size, minimum, maximum) => size >= minimum && size <= maximum;

/** @type {(type: Type, minimum?: number, maximum?: number) => Check} */
export const list =
  (type, minimum = 0, maximum = Infinity) =>
  (value) => {
    if (!Array.isArray(value)) refuse("not a list");
    if (!isWithin(value.length, minimum, maximum)) refuse("wrong size");
    return Array.from({ length: value.length }, (_, index) => {
      try {
        return read(type, value[index]);
      } catch (error) {
        throw locate(`[${index}]`, error);
      }
    });
  };

/** @type {(type: Type) => Check} no item equals another, as JSON has it */
export const unique = (type) =>
  limit(type, (wire) => new Set(wire.map(canonical)).size == wire.length, "one item twice");

/** @type {(wire: any) => string} the same text for the same value, whatever the order of its properties */
const canonical = (wire) =>
  Array.isArray(wire)
    ? `[${wire.map(canonical)}]`
    : wire && typeof wire == "object"
      ? `{${Object.keys(wire)
          .sort()
          .map((name) => JSON.stringify(name) + canonical(wire[name]))}}`
      : JSON.stringify(wire);

/** @type {(type: Type, minimum?: number, maximum?: number) => Check} */
export const map =
  (type, minimum = 0, maximum = Infinity) =>
  (value) => {
    if (!isObject(value)) refuse("not a map");
    const wire = fields(value, {}, {}, undefined, type);
    const names = Object.keys(wire);
    names.forEach(string);
    return isWithin(names.length, minimum, maximum) ? wire : refuse("wrong size");
  };

/** @type {(required: Shape, optional?: Shape) => Check} these properties and no others */
export const object = (required, optional) => (value) =>
  isObject(value) ? fields(value, required, optional) : refuse("not an object");
