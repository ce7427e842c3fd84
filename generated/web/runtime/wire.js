/** What crosses the wire between a page and its server: texts in, values out. */

import { guard } from "./state.js";

/**
 * What the page says of itself: device, session start and last event in ms, attribution, consent. `w`, `f` and
 * `l` are the page's own and ignored by the server: the hash of who is logged in, the time of the first touch, the time
 * of the last event where a clock that was set back has it before the session's start.
 *
 * @typedef {{
 *   d?: string,
 *   s?: number,
 *   t?: number,
 *   a?: Record<string, string>,
 *   c?: readonly string[],
 *   w?: number,
 *   f?: number,
 *   l?: number,
 * }} Members
 */

/**
 * Write the text of the header, of the cookie and of what is kept. Of attribution that makes it too long, what stands
 * last goes first.
 *
 * @param {Members} members
 * @returns {string}
 */
export const write = ({ d, s, t, a, c, w, f, l }) => {
  const kept = { ...a };
  for (;;) {
    const name = Object.keys(kept).pop();
    const json = JSON.stringify({ d, s, t, a: name && kept, c, w, f, l: l == t ? undefined : l });
    // The UTF-8 bytes, by a function that browsers must have (ECMAScript, annex B).
    const text = "1." + btoa(unescape(encodeURIComponent(json))).replace(/\W/g, (sign) => "-_"["+/".indexOf(sign)] || "");
    if (text.length <= 1024 || !name) return text;
    delete kept[name];
  }
};

/**
 * Read what a page of ours wrote, in the order in which it wrote it; undefined for anything else. What the server
 * would not take for a device or a session is never taken here; the rest is written anew with the next event.
 *
 * @param {string | undefined} text
 * @returns {Members | undefined}
 */
export const read = (text = "") =>
  guard(() => {
    const json = decodeURIComponent(escape(atob(text.split("1.")[1].replace(/-/g, "+").replace(/_/g, "/"))));
    const members = JSON.parse(json);
    if (/^{("d":"[\w{}.:~+/=@|-]{5,128}",("s":\d{13},)?"t":\d{13}[,}]|"c":\[)/.test(json)) return members;
  });

/** @type {(name: string) => string[] | undefined} the texts of a cookie, of which each domain may have one */
export const cookies = (name) =>
  guard(() =>
    document.cookie
      .split("; ")
      .filter((part) => part.startsWith(name + "="))
      .map((part) => part.split("=")[1]),
  );

/**
 * Read the list of confirmed facts.
 *
 * @param {string | null | undefined} text
 * @returns {string[]}
 */
export const readConfirmed = (text) =>
  guard(() => /^1( [\w.~!*'()%-]+)+$/.test(text || "") && text?.split(" ").slice(1, 21).map(decodeURIComponent)) || [];

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
