/** UUIDs, and the one hash that keys are made with: synchronous, since a key must be known when the call returns. */

/**
 * Print 16 bytes as a UUID.
 *
 * @param {Uint8Array} bytes changed in place: the version and the variant are set
 * @param {number} version
 */
const print = (bytes, version) => {
  bytes[6] = (bytes[6] & 15) | (version << 4);
  bytes[8] = (bytes[8] & 63) | 128;
  return Array.from(bytes, (byte) => (byte + 256).toString(16).slice(1))
    .join("")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
};

/** Make a random UUID. `crypto.randomUUID` wants a secure context; this does not. */
export const uuid4 = () => print(crypto.getRandomValues(new Uint8Array(16)), 4);

/**
 * Make the UUID of a text in a namespace (RFC 9562, version 5).
 *
 * @param {string} namespace a UUID
 * @param {string} text without lone surrogates
 */
export const uuid5 = (namespace, text) => {
  // Percent-encoding gives the UTF-8 bytes; not every page and test has a TextEncoder.
  const hex = namespace.replace(/-/g, "").replace(/../g, "%$&") + encodeURIComponent(text);
  const bytes = (hex.match(/%..|[^]/g) || []).map((part) => (part[1] ? parseInt(part.slice(1), 16) : part.charCodeAt(0)));
  return print(sha1(bytes), 5);
};

/**
 * Compute SHA-1 (FIPS 180-4), cut to the 16 bytes that a UUID takes.
 *
 * @param {number[]} bytes fewer than 2^29
 */
const sha1 = (bytes) => {
  const size = bytes.length;
  const block = new DataView(new ArrayBuffer(((size + 72) >> 6) << 6));
  bytes.forEach((byte, index) => block.setUint8(index, byte));
  block.setUint8(size, 128);
  block.setUint32(block.byteLength - 4, size * 8);
  const hash = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (let start = 0; start < block.byteLength; start += 64) {
    /** @type {number[]} */
    const words = [];
    let [a, b, c, d, e] = hash;
    for (let round = 0; round < 80; round++) {
      /** @type {number} */
      const mixed = words[round - 3] ^ words[round - 8] ^ words[round - 14] ^ words[round - 16];
      words[round] = round < 16 ? block.getInt32(start + round * 4) : (mixed << 1) | (mixed >>> 31);
      const chosen =
        round < 20
          ? ((b & c) | (~b & d)) + 0x5a827999
          : round < 40
            ? (b ^ c ^ d) + 0x6ed9eba1
            : round < 60
              ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
              : (b ^ c ^ d) + 0xca62c1d6;
      const next = ((a << 5) | (a >>> 27)) + chosen + e + words[round];
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = next | 0;
    }
    [a, b, c, d, e].forEach((value, index) => (hash[index] = (hash[index] + value) | 0));
  }
  hash.forEach((value, index) => block.setInt32(index * 4, value));
  return new Uint8Array(block.buffer, 0, 16);
};
