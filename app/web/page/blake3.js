"use strict";
// BLAKE3-256 of a content that comes in order, as in https://github.com/BLAKE3-team/BLAKE3-specs.
// Plain HTTP has no crypto.subtle, which has no BLAKE3 anyway.

const IV = Uint32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);
const CHUNK = 1024, BLOCK = 64;
const CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8;

// compress takes a block of 16 words at m[at] into the chaining value cv.
function compress(cv, m, at, counter, length, flags) {
  let m0 = m[at], m1 = m[at + 1], m2 = m[at + 2], m3 = m[at + 3], m4 = m[at + 4], m5 = m[at + 5], m6 = m[at + 6], m7 = m[at + 7];
  let m8 = m[at + 8], m9 = m[at + 9], m10 = m[at + 10], m11 = m[at + 11], m12 = m[at + 12], m13 = m[at + 13], m14 = m[at + 14], m15 = m[at + 15];
  let v0 = cv[0] | 0, v1 = cv[1] | 0, v2 = cv[2] | 0, v3 = cv[3] | 0, v4 = cv[4] | 0, v5 = cv[5] | 0, v6 = cv[6] | 0, v7 = cv[7] | 0;
  let v8 = IV[0] | 0, v9 = IV[1] | 0, v10 = IV[2] | 0, v11 = IV[3] | 0;
  let v12 = counter | 0, v13 = (counter / 4294967296) | 0, v14 = length, v15 = flags, t = 0;
  for (let round = 0; round < 7; round++) {
    v0 = (v0 + v4 + m0) | 0; v12 ^= v0; v12 = (v12 >>> 16) | (v12 << 16); v8 = (v8 + v12) | 0; v4 ^= v8; v4 = (v4 >>> 12) | (v4 << 20);
    v0 = (v0 + v4 + m1) | 0; v12 ^= v0; v12 = (v12 >>> 8) | (v12 << 24); v8 = (v8 + v12) | 0; v4 ^= v8; v4 = (v4 >>> 7) | (v4 << 25);
    v1 = (v1 + v5 + m2) | 0; v13 ^= v1; v13 = (v13 >>> 16) | (v13 << 16); v9 = (v9 + v13) | 0; v5 ^= v9; v5 = (v5 >>> 12) | (v5 << 20);
    v1 = (v1 + v5 + m3) | 0; v13 ^= v1; v13 = (v13 >>> 8) | (v13 << 24); v9 = (v9 + v13) | 0; v5 ^= v9; v5 = (v5 >>> 7) | (v5 << 25);
    v2 = (v2 + v6 + m4) | 0; v14 ^= v2; v14 = (v14 >>> 16) | (v14 << 16); v10 = (v10 + v14) | 0; v6 ^= v10; v6 = (v6 >>> 12) | (v6 << 20);
    v2 = (v2 + v6 + m5) | 0; v14 ^= v2; v14 = (v14 >>> 8) | (v14 << 24); v10 = (v10 + v14) | 0; v6 ^= v10; v6 = (v6 >>> 7) | (v6 << 25);
    v3 = (v3 + v7 + m6) | 0; v15 ^= v3; v15 = (v15 >>> 16) | (v15 << 16); v11 = (v11 + v15) | 0; v7 ^= v11; v7 = (v7 >>> 12) | (v7 << 20);
    v3 = (v3 + v7 + m7) | 0; v15 ^= v3; v15 = (v15 >>> 8) | (v15 << 24); v11 = (v11 + v15) | 0; v7 ^= v11; v7 = (v7 >>> 7) | (v7 << 25);
    v0 = (v0 + v5 + m8) | 0; v15 ^= v0; v15 = (v15 >>> 16) | (v15 << 16); v10 = (v10 + v15) | 0; v5 ^= v10; v5 = (v5 >>> 12) | (v5 << 20);
    v0 = (v0 + v5 + m9) | 0; v15 ^= v0; v15 = (v15 >>> 8) | (v15 << 24); v10 = (v10 + v15) | 0; v5 ^= v10; v5 = (v5 >>> 7) | (v5 << 25);
    v1 = (v1 + v6 + m10) | 0; v12 ^= v1; v12 = (v12 >>> 16) | (v12 << 16); v11 = (v11 + v12) | 0; v6 ^= v11; v6 = (v6 >>> 12) | (v6 << 20);
    v1 = (v1 + v6 + m11) | 0; v12 ^= v1; v12 = (v12 >>> 8) | (v12 << 24); v11 = (v11 + v12) | 0; v6 ^= v11; v6 = (v6 >>> 7) | (v6 << 25);
    v2 = (v2 + v7 + m12) | 0; v13 ^= v2; v13 = (v13 >>> 16) | (v13 << 16); v8 = (v8 + v13) | 0; v7 ^= v8; v7 = (v7 >>> 12) | (v7 << 20);
    v2 = (v2 + v7 + m13) | 0; v13 ^= v2; v13 = (v13 >>> 8) | (v13 << 24); v8 = (v8 + v13) | 0; v7 ^= v8; v7 = (v7 >>> 7) | (v7 << 25);
    v3 = (v3 + v4 + m14) | 0; v14 ^= v3; v14 = (v14 >>> 16) | (v14 << 16); v9 = (v9 + v14) | 0; v4 ^= v9; v4 = (v4 >>> 12) | (v4 << 20);
    v3 = (v3 + v4 + m15) | 0; v14 ^= v3; v14 = (v14 >>> 8) | (v14 << 24); v9 = (v9 + v14) | 0; v4 ^= v9; v4 = (v4 >>> 7) | (v4 << 25);
    // the words for the next round
    t = m0; m0 = m2; m2 = m3; m3 = m10; m10 = m12; m12 = m9; m9 = m11; m11 = m5; m5 = t;
    t = m1; m1 = m6; m6 = m4; m4 = m7; m7 = m13; m13 = m14; m14 = m15; m15 = m8; m8 = t;
  }
  cv[0] = v0 ^ v8; cv[1] = v1 ^ v9; cv[2] = v2 ^ v10; cv[3] = v3 ^ v11;
  cv[4] = v4 ^ v12; cv[5] = v5 ^ v13; cv[6] = v6 ^ v14; cv[7] = v7 ^ v15;
}

// A Uint32Array has the order of bytes of the machine, which is that of BLAKE3 wherever browsers run.
class Blake3 {
  constructor() {
    this.words = new Uint32Array(CHUNK / 4); // the chunk that grows
    this.bytes = new Uint8Array(this.words.buffer);
    this.length = 0; // of it
    this.chunks = 0; // before it
    this.stack = []; // chaining values of whole subtrees, the largest first
  }

  // update takes the next bytes.
  update(bytes) {
    let at = 0;
    while (at < bytes.length) {
      if (this.length === CHUNK) { // now it is known not to be the last one
        this.push(this.chunk(this.words, 0));
        this.length = 0;
      }
      const place = bytes.byteOffset + at;
      if (this.length === 0 && place % 4 === 0 && bytes.length - at > CHUNK) {
        const whole = Math.ceil((bytes.length - at) / CHUNK) - 1;
        const words = new Uint32Array(bytes.buffer, place, whole * CHUNK / 4);
        for (let i = 0; i < whole; i++) this.push(this.chunk(words, i * CHUNK / 4));
        at += whole * CHUNK;
        continue;
      }
      const n = Math.min(CHUNK - this.length, bytes.length - at);
      this.bytes.set(bytes.subarray(at, at + n), this.length);
      this.length += n;
      at += n;
    }
  }

  // chunk returns the chaining value of a whole chunk.
  chunk(words, at) {
    const cv = IV.slice();
    for (let b = 0; b < 16; b++) compress(cv, words, at + b * 16, this.chunks, BLOCK, (b === 0 ? CHUNK_START : 0) | (b === 15 ? CHUNK_END : 0));
    return cv;
  }

  // push adds a chunk that is not the last one; two subtrees of one size become one.
  push(cv) {
    this.chunks++;
    for (let n = this.chunks; n % 2 === 0; n /= 2) cv = parent(this.stack.pop(), cv, 0);
    this.stack.push(cv);
  }

  // hex ends the content and returns its hash.
  hex() {
    this.bytes.fill(0, this.length);
    const blocks = Math.max(1, Math.ceil(this.length / BLOCK)), root = this.stack.length === 0 ? ROOT : 0;
    let cv = IV.slice();
    for (let b = 0; b < blocks; b++) {
      const last = b === blocks - 1;
      const flags = (b === 0 ? CHUNK_START : 0) | (last ? CHUNK_END | root : 0);
      compress(cv, this.words, b * 16, this.chunks, last ? this.length - b * BLOCK : BLOCK, flags);
    }
    for (let i = this.stack.length - 1; i >= 0; i--) cv = parent(this.stack[i], cv, i === 0 ? ROOT : 0);
    return Array.from(new Uint8Array(cv.buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

// parent returns the chaining value above two others.
function parent(left, right, root) {
  const block = new Uint32Array(16), cv = IV.slice();
  block.set(left);
  block.set(right, 8);
  compress(cv, block, 0, 0, BLOCK, PARENT | root);
  return cv;
}
