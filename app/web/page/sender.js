"use strict";
// Sends one file after the other, beside the page, which stays alive: reads a file in order,
// hashes it, and sends what the computer does not have yet.
importScripts("blake3.js");

const STEP = 4 << 20; // bytes of a request
const TRIES = 60; // in a row that reach nobody; about ten minutes
let token = "";
let cancelled = new Set(); // numbers of files
let running = Promise.resolve();

onmessage = ({ data }) => {
  if (data.token) token = data.token;
  if (data.cancel !== undefined) cancelled.add(data.cancel);
  if (data.file) running = running.then(() => send(data.number, data.file));
};

class Failure extends Error {
  constructor(code, answer) {
    super(code);
    this.code = code;
    this.answer = answer || {};
  }
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

// ask sends one request. Without an answer the code is "lost".
async function ask(method, path, body) {
  let response, answer;
  try {
    response = await fetch(path, { method, body, headers: { "X-Token": token }, cache: "no-store", redirect: "error" });
    answer = await response.json();
  } catch {
    throw new Failure("lost");
  }
  if (!response.ok) throw new Failure(answer.code || "internal", answer);
  return answer;
}

// insist asks until somebody answers.
async function insist(number, method, path, body) {
  for (let tries = 1; ; tries++) {
    try {
      return await ask(method, path, body);
    } catch (failure) {
      if ((failure.code !== "lost" && failure.code !== "busy") || tries === TRIES || cancelled.has(number)) throw failure;
    }
    postMessage({ number, waiting: true });
    await pause(Math.min(tries, 10));
  }
}

// append sends bytes, which are those at "at" of the file; what the computer has is left out.
async function append(number, upload, bytes, at) {
  const end = at + bytes.length;
  for (let tries = 1; upload.offset < end; ) {
    if (cancelled.has(number)) throw new Failure("cancelled");
    const before = upload.offset;
    if (before < at) throw new Failure("gone");
    try {
      upload.offset = (await ask("PATCH", `files/${upload.id}?offset=${before}`, bytes.subarray(before - at))).offset;
      tries = 1;
    } catch (failure) {
      if (failure.code === "join-first") upload.offset = failure.answer.offset; // the computer has more, or less
      else if (["lost", "busy", "bad-request", "cancelled"].includes(failure.code) && tries++ < TRIES) {
        postMessage({ number, waiting: true });
        await pause(Math.min(tries, 10));
        upload.offset = (await insist(number, "GET", `files/${upload.id}`)).offset;
      } else throw failure;
    }
    postMessage({ number, done: upload.offset });
  }
}

async function upload(number, file) {
  const wanted = JSON.stringify({ name: file.name, size: file.size, modified: file.lastModified });
  const upload = await insist(number, "POST", "files", wanted);
  const hash = new Blake3();
  let sending = Promise.resolve();
  try {
    for (let at = 0; at < file.size; at += STEP) {
      if (cancelled.has(number)) throw new Failure("cancelled");
      const bytes = new Uint8Array(await readPart(file, at));
      hash.update(bytes);
      await sending;
      sending = append(number, upload, bytes, at);
      sending.catch(() => {}); // it is waited for below
    }
    await sending;
    return await insist(number, "POST", `files/${upload.id}/done`, JSON.stringify({ hash: hash.hex() }));
  } catch (failure) {
    if (failure.code === "cancelled" || failure.code === "unreadable") await ask("DELETE", `files/${upload.id}`).catch(() => {});
    throw failure;
  }
}

async function readPart(file, at) {
  try {
    return await file.slice(at, at + STEP).arrayBuffer();
  } catch {
    throw new Failure("unreadable");
  }
}

async function send(number, file) {
  for (let tries = 1; ; tries++) {
    try {
      if (cancelled.has(number)) throw new Failure("cancelled");
      const { name } = await upload(number, file);
      postMessage({ number, stored: name });
      return;
    } catch (failure) {
      if (failure.code === "wrong-piece" && tries === 1) continue; // once more from the start
      postMessage({ number, failed: failure.code || "internal" });
      return;
    } finally {
      cancelled.delete(number);
    }
  }
}
