// Putting what events hold into the page. Events are written by anybody: all of it goes in as text nodes, and what would
// be invisible or would turn the line around is shown by its number.

const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Make an element with a class and children; strings become text nodes. */
export function make(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** Make the shape that stands for a verdict, or for a pair. */
export function shape(verdict, className = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `shape ${verdict} ${className}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#shape-${verdict}`);
  svg.append(use);
  return svg;
}

/** Make an element of a text of an event: isolated from the direction of its neighbours, with nothing unseen in it. */
export function shown(name, className, text) {
  const element = make(name, className);
  element.dir = "auto";
  let end = 0;
  for (const found of text.matchAll(UNSEEN)) {
    element.append(text.slice(end, found.index));
    const point = found[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    element.append(make("span", "unseen-character", `U+${point}`));
    end = found.index + found[0].length;
  }
  element.append(text.slice(end));
  return element;
}

/** Give a text with nothing unseen in it, for where no element can be: options, labels. */
export function plain(text) {
  return text.replace(UNSEEN, "\u{fffd}");
}

/** Give at most so many characters of a text, without cutting a character in two. */
export function cut(text, most) {
  if (text.length <= most) return text;
  const end = /[\ud800-\udbff]/.test(text[most - 1]) ? most - 1 : most;
  return `${text.slice(0, end)}…`;
}

/** Read JSON; whole numbers that JavaScript would round come as BigInt where the browser can tell. */
export function read(text) {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (key, value, context) => {
    if (typeof value !== "number" || Number.isSafeInteger(value) || !Number.isInteger(value)) return value;
    return /^-?\d+$/.test(context?.source ?? "") ? BigInt(context.source) : value;
  });
}

/** Write a value as JSON, on one line. */
export function json(value) {
  if (typeof value === "bigint") return String(value);
  return JSON.stringify(value, (key, inner) => (typeof inner === "bigint" ? String(inner) : inner)) ?? "";
}

/** Write when something came, to the millisecond, by this machine's clock. */
export function clock(at) {
  const date = new Date(at);
  const two = (number) => String(number).padStart(2, "0");
  const day = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

const NUMBERS = new Intl.NumberFormat("en");

/** Write a whole number with its thousands apart. */
export function count(number) {
  return NUMBERS.format(number);
}

/** Write a number of things: `counted(1, "event")`. */
export function counted(number, thing) {
  return `${count(number)} ${thing}${number === 1 ? "" : "s"}`;
}

/** Write how long something took, in the unit that reads best. */
export function duration(milliseconds) {
  const size = Math.abs(milliseconds);
  if (size < 1000) return `${Math.round(size)}\u00a0ms`;
  if (size < 60_000) return `${(size / 1000).toFixed(1)}\u00a0s`;
  if (size < 3_600_000) return `${Math.round(size / 60_000)}\u00a0min`;
  if (size < 172_800_000) return `${(size / 3_600_000).toFixed(1)}\u00a0h`;
  return `${Math.round(size / 86_400_000)}\u00a0days`;
}
