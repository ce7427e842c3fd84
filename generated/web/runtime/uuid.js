/** UUIDs, and the one hash that keys are made with: synchronous, since a key must be known when the call returns. */

/**
 * Print 128 bits as a UUID; its version and variant take the place of some.
 *
 * @param {number} version
 * @param {Iterable<number>} words four of 32 bits, or more
 */
const print = (version, words) => {
  const hex = [...words].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  const fourth = "89ab"[+("0x" + hex[16]) & 3] + hex.slice(17, 20);
  return [hex.slice(0, 8), hex.slice(8, 12), version + hex.slice(13, 16), fourth, hex.slice(20, 32)].join("-");
};

/** Make a random UUID. `crypto.randomUUID` is there in secure contexts only. */
export const uuid4 = () => crypto.randomUUID?.() || print(4, crypto.getRandomValues(new Uint32Array(4)));

/** @type {Record<string, string>} */
const bytes = {};

/**
 * Make the UUID of a text in a namespace (RFC 9562, version 5).
 *
 * @param {string} namespace a UUID
 * @param {string} text without lone surrogates
 */
export const uuid5 = (namespace, text) => {
  bytes[namespace] ??= unescape(namespace.replace(/-/g, "").replace(/../g, "%$&"));
  // The UTF-8 bytes, by a function that browsers must have (ECMAScript, annex B); not every page has a TextEncoder.
  return print(5, sha1(bytes[namespace] + unescape(encodeURIComponent(text))));
};

/** @type {(word: number, bits: number) => number} */
const turn = (word, bits) => (word << bits) | (word >>> (32 - bits));

/** The message's words, of one block at a time. */
const words = /*#__PURE__*/ new Int32Array(80);

/**
 * Compute SHA-1 (FIPS 180-4), in words.
 *
 * @param {string} text one character for each byte, fewer than 2^28
 */
const sha1 = (text) => {
  const size = text.length;
  // The constants are roots: 0x5a827999 and so on.
  const roots = [2, 3, 5, 10].map((root) => (2 ** 30 * Math.sqrt(root)) | 0);
  let hash = [0x67452301, 0xefcdab89, ~0x67452301, ~0xefcdab89, 0xc3d2e1f0];
  // After the text come a bit and the size, in the last eight bytes of a block.
  for (let at = 0; at < size + 9; ) {
    let [a, b, c, d, e] = hash;
    for (let round = 0; round < 80; round++) {
      let word = 0;
      if (round > 15) word = turn(words[round - 3] ^ words[round - 8] ^ words[round - 14] ^ words[round - 16], 1);
      else
        for (const end = at + 4; at < end; at++)
          word = (word << 8) | (at < size ? text.charCodeAt(at) : at > size ? 0 : 128);
      if (round == 15 && at > size + 8) word = size * 8;
      words[round] = word;
      const part = (round / 20) | 0;
      const mixed = part ? (part == 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d) : (b & c) | (~b & d);
      const sum = turn(a, 5) + mixed + e + word + roots[part];
      e = d;
      d = c;
      c = turn(b, 30);
      b = a;
      a = sum | 0;
    }
    hash = [a, b, c, d, e].map((value, index) => (value + hash[index]) | 0);
  }
  return hash;
};
