/** UUIDs, and the one hash that keys are made with: synchronous, since a key must be known when the call returns. */

/**
 * Print digits as a UUID; its version and variant take the place of some.
 *
 * @param {number} version
 * @param {ArrayLike<number>} digits four bits of each count
 */
const print = (version, digits) => {
  let at = 0;
  return "00000000-0000-4000-8000-000000000000".replace(/[048]/g, (form) => {
    const digit = digits[at++];
    // 8, the variant, becomes 8 to b.
    return (form == "4" ? version : +form ^ (digit & (15 >> (+form / 4)))).toString(16);
  });
};

/** Make a random UUID. `crypto.randomUUID` is there in secure contexts only. */
export const uuid4 = () => print(4, crypto.getRandomValues(new Uint8Array(32)));

/**
 * Make the UUID of a text in a namespace (RFC 9562, version 5).
 *
 * @param {string} namespace a UUID
 * @param {string} text without lone surrogates
 */
export const uuid5 = (namespace, text) =>
  print(
    5,
    // The UTF-8 bytes, by a function that browsers must have (ECMAScript, annex B); not every page has a TextEncoder.
    sha1(unescape(namespace.replace(/-/g, "").replace(/../g, "%$&") + encodeURIComponent(text))).flatMap((word) =>
      [28, 24, 20, 16, 12, 8, 4, 0].map((bits) => word >> bits),
    ),
  );

/** @type {(word: number, bits: number) => number} */
const turn = (word, bits) => (word << bits) | (word >>> (32 - bits));

/**
 * Compute SHA-1 (FIPS 180-4), in words.
 *
 * @param {string} bytes one character for each byte, fewer than 2^28
 */
const sha1 = (bytes) => {
  const size = bytes.length;
  const end = ((size + 8) >> 6) * 16 + 15;
  /** @type {number[]} */
  const message = Array(end).fill(0);
  for (let index = 0; index <= size; index++)
    message[index >> 2] |= (index < size ? bytes.charCodeAt(index) : 128) << (24 - (index & 3) * 8);
  message[end] = size * 8;
  let hash = [0x67452301, 0xefcdab89, ~0x67452301, ~0xefcdab89, 0xc3d2e1f0];
  for (let start = 0; start < end; start += 16) {
    let [a, b, c, d, e] = hash;
    const words = message.slice(start, start + 16);
    for (let round = 0; round < 80; round++) {
      if (round > 15)
        words[round] = turn(words[round - 3] ^ words[round - 8] ^ words[round - 14] ^ words[round - 16], 1);
      const part = (round / 20) | 0;
      const mixed = part ? (part == 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d) : (b & c) | (~b & d);
      // The constants are roots: 0x5a827999 and so on.
      const sum = turn(a, 5) + e + words[round] + mixed + Math.floor(2 ** 30 * Math.sqrt([2, 3, 5, 10][part]));
      [a, b, c, d, e] = [sum | 0, a, turn(b, 30), c, d];
    }
    hash = [a, b, c, d, e].map((value, index) => (value + hash[index]) | 0);
  }
  return hash;
};
