/** UUIDs, and the one hash that keys are made with: synchronous, since a key must be known when the call returns. */

/**
 * Make a random UUID (RFC 9562, version 4). `crypto.randomUUID` is there in secure contexts only; elsewhere a random
 * digit takes the place of each 0 and 1, and of 8 one from 8 to b.
 */
export const uuid4 = () =>
  crypto.randomUUID?.() ||
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (/** @type {any} */ digit) =>
    (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16),
  );

/**
 * Make the UUID of a text in a namespace (RFC 9562, version 5).
 *
 * @param {string} namespace the bytes of a UUID, each as a % and two digits
 * @param {string} text without lone surrogates
 */
export const uuid5 = (namespace, text) => {
  // The UTF-8 bytes, by a function that browsers must have (ECMAScript, annex B); not every page has a TextEncoder.
  const hash = sha1(unescape(namespace + encodeURIComponent(text)));
  // The variant takes the place of two bits, the version that of a digit.
  hash[2] = ((hash[2] << 2) >>> 2) | (1 << 31);
  const [one, two, three, four] = hash.map((word) => (word >>> 0).toString(16).padStart(8, "0"));
  return `${one}-${two.slice(0, 4)}-5${two.slice(5)}-${three.slice(0, 4)}-${three.slice(4)}${four}`;
};

/** @type {(word: number, bits: number) => number} */
const turn = (word, bits) => (word << bits) | (word >>> (32 - bits));

/**
 * Compute SHA-1 (FIPS 180-4), in words.
 *
 * @param {string} text one character for each byte, fewer than 2^28
 */
const sha1 = (text) => {
  const size = text.length;
  const end = ((size + 8) >> 6) * 16 + 15;
  /** @type {number[]} */
  const message = [];
  // A bit stands after the text; the first byte of a word is its highest.
  for (let index = 0; index <= size; index++)
    message[index >> 2] |= (index < size ? text.charCodeAt(index) : 128) << (~index << 3);
  message[end] = size * 8;
  // The constants are roots: 0x5a827999 and so on.
  const roots = [2, 3, 5, 10].map((root) => (2 ** 30 * Math.sqrt(root)) | 0);
  /** @type {number[]} */
  const words = [];
  let hash = [0x67452301, 0xefcdab89, ~0x67452301, ~0xefcdab89, 0xc3d2e1f0];
  for (let start = 0; start < end; start += 16) {
    let [a, b, c, d, e] = hash;
    for (let round = 0; round < 80; round++) {
      words[round] =
        round < 16
          ? message[start + round] | 0
          : turn(words[round - 3] ^ words[round - 8] ^ words[round - 14] ^ words[round - 16], 1);
      const part = (round / 20) | 0;
      const mixed = part ? (part == 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d) : (b & c) | (~b & d);
      const sum = turn(a, 5) + mixed + e + words[round] + roots[part];
      [a, b, c, d, e] = [sum | 0, a, turn(b, 30), c, d];
    }
    hash = [a, b, c, d, e].map((value, index) => (value + hash[index]) | 0);
  }
  return hash;
};
