/** What crosses the wire between a page and its server: texts in, values out. */

/**
 * What the page says of itself: device, session start and last event in ms, attribution, consent. `w` and `f` are the
 * page's own and ignored by the server: the hash of who is logged in, the time of the first touch.
 *
 * @typedef {{
 *   d?: string,
 *   s?: number,
 *   t?: number,
 *   a?: Record<string, string>,
 *   c?: string[],
 *   w?: number,
 *   f?: number,
 * }} Members
 */

const LONGEST = 1024;
/** What the server takes for a device. */
const DEVICE = /^(?!(system:.*|anonymous|undefined|unknown|lmy47d|[0-]+)$)[\w{}.:~+/=@|-]{5,128}$/i;

/**
 * Write the text of the header and of the cookie. Attribution that makes it too long goes, from its end.
 *
 * @param {Members} members
 * @returns {string}
 */
export const write = ({ d, s, t, a, c, w, f }) => {
  const names = Object.keys(a || {});
  const json = JSON.stringify({ d, s, t, a: names[0] && a, c, w, f });
  // The UTF-8 bytes, by a function that browsers must have (ECMAScript, annex B).
  const base64 = btoa(unescape(encodeURIComponent(json)));
  const text = "1." + base64.replace(/[+/=]/g, (sign) => ({ "+": "-", "/": "_" })[sign] || "");
  if (text.length <= LONGEST || !a || !names[0]) return text;
  const { [/** @type {string} */ (names.pop())]: _, ...fewer } = a;
  return write({ d, s, t, a: fewer, c, w, f });
};

/**
 * Read what a page of ours wrote; undefined for anything else, also for what no page of ours would have written: the
 * server and the page never disagree on whom a cookie means.
 *
 * @param {string | undefined} text
 * @returns {Members | undefined}
 */
export const read = (text = "") => {
  try {
    const members = JSON.parse(decodeURIComponent(escape(atob(text.slice(2).replace(/-/g, "+").replace(/_/g, "/")))));
    const { d, s, t, a, c } = members;
    if (
      /^1\.[\w-]{1,1022}$/.test(text) &&
      (d == null ? c : typeof d == "string" && DEVICE.test(d)) &&
      [s, t].every((time) => time == null || (Number.isInteger(time) && time >= 1e12 && time < 1e13)) &&
      !Array.isArray(a) &&
      (c == null || (Array.isArray(c) && c.length <= 16 && c.every((name) => /^[a-z_]{1,32}$/.test(name))))
    )
      return members;
  } catch {
    // not ours
  }
};

/**
 * Read the list of confirmed facts.
 *
 * @param {string | null | undefined} text
 * @returns {string[]}
 */
export const readConfirmed = (text) => {
  try {
    if (text && text.length <= 3500 && /^1( [\w.~!*'()%-]+)+$/.test(text))
      return text.split(" ").slice(1, 21).map(decodeURIComponent);
  } catch {
    // not ours
  }
  return [];
};

/** @type {(name: string) => string | undefined} */
export const cookie = (name) => {
  try {
    return document.cookie.split("; ").find((part) => part.startsWith(name + "="))?.slice(name.length + 1);
  } catch {
    // blocked
  }
};

/**
 * Hash a user id (FNV-1a, 32 bits, over the bytes of its UTF-16 code units): it says for whom an event was meant, and
 * the server alone says who that is.
 *
 * @param {string} id
 */
export const hash = (id) => {
  let value = 0x811c9dc5;
  for (let index = 0; index < id.length * 2; index++)
    value = Math.imul(value ^ ((id.charCodeAt(index >> 1) >> ((index & 1) * 8)) & 255), 0x1000193);
  return value >>> 0;
};
