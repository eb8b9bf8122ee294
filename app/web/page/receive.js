"use strict";
const texts = JSON.parse(document.getElementById("texts").textContent);
const find = (id) => document.getElementById(id);
const worker = new Worker("sender.js");
const rows = []; // of files, by number

const size = (bytes) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  for (; bytes >= 999.5 && i < units.length - 1; i++) bytes /= 1000;
  return `${bytes < 10 && i > 0 ? bytes.toFixed(1) : Math.round(bytes)} ${units[i]}`;
};

find("pin-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = find("pin-button");
  button.disabled = true;
  const answer = await fetch("pin", { method: "POST", body: JSON.stringify({ pin: find("pin").value.trim() }), cache: "no-store" })
    .then((response) => response.json(), () => ({ code: "lost" }));
  if (answer.token) {
    worker.postMessage({ token: answer.token });
    find("asks").hidden = true;
    find("takes").hidden = false;
    return;
  }
  find("pin-problem").textContent = texts[answer.code] || texts.internal;
  if (answer.code === "banned" || answer.code === "gone") return; // for good
  setTimeout(() => { button.disabled = false; find("pin").select(); }, 1000 * (answer.seconds || 0));
});

function add(files) {
  for (const file of files) {
    const row = find("row").content.firstElementChild.cloneNode(true);
    const number = rows.length;
    rows.push({ file, row });
    row.querySelector(".name").textContent = file.name;
    row.querySelector("progress").max = Math.max(1, file.size);
    row.querySelector(".cancel").addEventListener("click", () => worker.postMessage({ cancel: number }));
    row.querySelector(".retry").addEventListener("click", () => start(number));
    find("list").prepend(row);
    start(number);
  }
}

function start(number) {
  const { file, row } = rows[number];
  show(row, texts.waits, "waits");
  worker.postMessage({ number, file });
}

function show(row, text, state) {
  row.className = state;
  row.querySelector(".state").textContent = text;
  row.querySelector(".cancel").hidden = state === "stored" || state === "failed";
  row.querySelector(".retry").hidden = state !== "failed";
}

worker.onmessage = ({ data }) => {
  const { file, row } = rows[data.number];
  const bar = row.querySelector("progress");
  if (data.stored !== undefined) {
    bar.value = bar.max;
    show(row, `${texts.stored} · ${size(file.size)}`, "stored");
  } else if (data.failed) show(row, texts[data.failed] || texts.internal, "failed");
  else if (data.waiting) show(row, texts.lost, "waits");
  else {
    bar.value = data.done;
    show(row, `${size(data.done)} / ${size(file.size)}`, "runs");
  }
};

find("files").addEventListener("change", (event) => { add(event.target.files); event.target.value = ""; });
const drop = find("drop");
for (const name of ["dragenter", "dragover"]) {
  addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
for (const name of ["dragleave", "drop"]) addEventListener(name, (event) => { event.preventDefault(); drop.classList.remove("over"); });
addEventListener("drop", (event) => { if (!find("takes").hidden) add(event.dataTransfer.files); });
addEventListener("beforeunload", (event) => {
  if (rows.some(({ row }) => row.className === "runs" || row.className === "waits")) event.preventDefault();
});
