/** UUIDs, and the one hash that keys are made with: synchronous, since a key must be known when the call returns. */

/** Make a random UUID (RFC 9562, version 4). `crypto.randomUUID` is there in secure contexts only. */
export const uuid4 = () =>
  crypto.randomUUID?.() ||
  "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () =>
    (crypto.getRandomValues(new Uint8Array(1))[0] & 15).toString(16),
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

/** The words of one block of a message. */
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
  // After the text stand a bit and, at the end of a block, the text's size.
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
