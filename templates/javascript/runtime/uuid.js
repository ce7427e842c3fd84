/** UUIDs, and the one hash that keys are made with: synchronous, since a key must be known when the call returns. */

/**
 * Print 128 bits as a UUID; its version and variant take the place of some.
 *
 * @param {number[]} words four of 32 bits
 * @param {number} version
 */
const print = (words, version) => {
  const hex = words.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  const third = version + hex.slice(13, 16);
  const fourth = "89ab"[(words[2] >>> 28) & 3] + hex.slice(17, 20);
  return [hex.slice(0, 8), hex.slice(8, 12), third, fourth, hex.slice(20)].join("-");
};

/** Make a random UUID. `crypto.randomUUID` is there in secure contexts only. */
export const uuid4 = () =>
  crypto.randomUUID
    ? crypto.randomUUID()
    : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
        // 1 becomes 0 to f, 0 likewise; 8, the variant, becomes 8 to b.
        (+digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (+digit / 4)))).toString(16),
      );

/**
 * Make the UUID of a text in a namespace (RFC 9562, version 5).
 *
 * @param {string} namespace a UUID
 * @param {string} text without lone surrogates
 */
export const uuid5 = (namespace, text) =>
  // The UTF-8 bytes, by a function that browsers must have (ECMAScript, annex B); not every page has a TextEncoder.
  print(sha1(unescape(namespace.replace(/-/g, "").replace(/../g, "%$&") + encodeURIComponent(text))), 5);

/**
 * Compute SHA-1 (FIPS 180-4), cut to the four words that a UUID takes.
 *
 * @param {string} bytes one character for each byte, fewer than 2^28
 */
const sha1 = (bytes) => {
  const size = bytes.length;
  const message = new Int32Array((((size + 8) >> 6) + 1) << 4);
  for (let index = 0; index <= size; index++)
    message[index >> 2] |= (index < size ? bytes.charCodeAt(index) : 128) << (24 - (index & 3) * 8);
  message[message.length - 1] = size * 8;
  const words = new Int32Array(80);
  const hash = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (let start = 0; start < message.length; start += 16) {
    let [a, b, c, d, e] = hash;
    for (let round = 0; round < 80; round++) {
      let word = message[start + (round & 15)];
      if (round > 15) {
        word = words[round - 3] ^ words[round - 8] ^ words[round - 14] ^ words[round - 16];
        word = (word << 1) | (word >>> 31);
      }
      words[round] = word;
      const chosen =
        round < 20
          ? ((b & c) | (~b & d)) + 0x5a827999
          : round < 40
            ? (b ^ c ^ d) + 0x6ed9eba1
            : round < 60
              ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
              : (b ^ c ^ d) + 0xca62c1d6;
      const next = (((a << 5) | (a >>> 27)) + chosen + e + word) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = next;
    }
    [a, b, c, d, e].forEach((value, index) => (hash[index] = (hash[index] + value) | 0));
  }
  return hash.slice(0, 4);
};
