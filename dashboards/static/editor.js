// The page editor without reloads. Every button stays what it is without this script, a submit button of one form: here the
// form is sent in the background and the answer is put in place. The preview is drawn anew by the server while one types.
"use strict";

const PREVIEW_AFTER_MS = 350;

let typedSince = false;
let sending = Promise.resolve();
let previewTimer = 0;

const editor = () => document.getElementById("editor");
const form = () => document.getElementById("page-form");

// Sending

function send(data, isUpload, onProgress) {
  sending = sending.then(() => post(data, isUpload, onProgress));
  return sending;
}

function post(data, isUpload, onProgress) {
  const before = isUpload ? new Map(values()) : null;
  const hadFocus = document.activeElement ? document.activeElement.id : "";
  // A list that changes renames its fields, so nothing is typed meanwhile; a picture may take long, and typing goes on.
  if (!isUpload) form().inert = true;
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", form().action);
    request.responseType = "document";
    request.upload.onprogress = onProgress || null;
    request.onload = () => resolve(arrive(request, before, hadFocus));
    request.onerror = () => resolve(fail(editor().dataset.failed));
    request.send(data);
  });
}

function arrive(request, before, hadFocus) {
  const answer = request.response && request.response.getElementById("editor");
  if (answer) return put(answer, before, hadFocus);
  if (request.status === 401) return fail(editor().dataset.signedOut);
  if (request.status === 413) return fail(editor().dataset.tooLarge);
  return fail(editor().dataset.failed);
}

function fail(words) {
  form().inert = false;
  for (const line of document.querySelectorAll(".sending")) line.textContent = "";
  const trouble = document.getElementById("trouble");
  trouble.textContent = words;
  trouble.hidden = false;
  trouble.scrollIntoView({ block: "nearest" });
}

// The kind of a question says which fields it has.
function redraw(path) {
  const data = new FormData(form());
  data.set("do", `redraw:${path}`);
  send(data);
}

function* values() {
  for (const field of form().elements) {
    if (field.name && field.type !== "file") yield [field.name, field.type === "checkbox" ? field.checked : field.value];
  }
}

function put(answer, before, hadFocus) {
  const typed = before ? [...values()].filter(([name, value]) => before.has(name) && before.get(name) !== value) : [];
  for (const open of document.querySelectorAll("#editor details[open]")) {
    const same = open.id && answer.querySelector(`[id="${CSS.escape(open.id)}"]`);
    if (same) same.open = true;
  }
  const wanted = answer.querySelector("[autofocus]");
  const wantedId = wanted ? wanted.id : hadFocus;
  // A browser that follows it by itself complains that something has the focus already.
  for (const one of answer.querySelectorAll("[autofocus]")) one.removeAttribute("autofocus");
  // All but the phone, which goes on showing what it shows until the new preview is ready.
  for (const part of ["h1", ".fields", ".switch"]) {
    editor().querySelector(part).replaceWith(document.importNode(answer.querySelector(part), true));
  }
  form().inert = false;
  for (const [name, value] of typed) restore(name, value);
  typedSince = answer.dataset.clean !== "yes" || typed.length > 0;
  draw();
  focus(wantedId);
}

function restore(name, value) {
  for (const field of form().elements) {
    if (field.name !== name || field.type === "file") continue;
    if (field.type === "checkbox") field.checked = value;
    else field.value = value;
  }
}

function focus(id) {
  const target = id && document.getElementById(id);
  if (!target) return;
  const fold = target.closest("details");
  if (fold && target.tagName !== "SUMMARY") fold.open = true;
  target.focus();
  target.scrollIntoView({ block: "nearest" });
}

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.target.id !== "page-form" || (button && (button.formTarget || button.value === "delete"))) {
    if (button && button.value === "delete") typedSince = false;
    return;
  }
  event.preventDefault();
  send(new FormData(form(), button));
});

window.addEventListener("beforeunload", (event) => {
  if (typedSince) event.preventDefault();
});

// Pictures: chosen, dropped or pasted, they are sent at once.

function upload(field) {
  const place = field.closest("[data-upload]");
  const line = place.querySelector(".sending");
  const data = new FormData(form());
  data.set("do", `upload:${place.dataset.upload}`);
  send(data, true, (event) => {
    const share = event.lengthComputable ? event.loaded / event.total : 0;
    const words = share.toLocaleString(document.documentElement.lang, { style: "percent" });
    line.textContent = line.dataset.words.replace("{share}", words);
  });
  field.value = "";
}

function take(event, files) {
  const at = event.target.closest && event.target.closest(".block, .part");
  const field = at && at.querySelector("input[type=file]");
  if (!field || !files || !files.length) return;
  event.preventDefault();
  const chosen = new DataTransfer();
  chosen.items.add(files[0]);
  field.files = chosen.files;
  upload(field);
}

const carriesFiles = (transfer) => [...transfer.types].includes("Files");

// A file that is dropped beside a picture would open in the editor's place.
document.addEventListener("dragover", (event) => {
  if (carriesFiles(event.dataTransfer)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  if (!carriesFiles(event.dataTransfer)) return;
  event.preventDefault();
  take(event, event.dataTransfer.files);
});
// Spreadsheets and word processors copy a text with a picture of it: a field gets the text.
document.addEventListener("paste", (event) => {
  const isText = event.clipboardData.types.includes("text/plain") && event.target.closest("input, textarea");
  if (!isText) take(event, event.clipboardData.files);
});

// What is told while one types

function luminance(colour) {
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red, green, blue] = parts.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function decimal(number) {
  return number.toLocaleString(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

function tellContrast() {
  const colour = (name) => document.getElementById(`theme.${name}`).value;
  for (const name of ["text", "accent"]) {
    const line = document.getElementById(`contrast:${name}`);
    const [dark, light] = [luminance(colour(name)), luminance(colour("background"))].sort((a, b) => a - b);
    const ratio = Math.floor(((light + 0.05) / (dark + 0.05)) * 10) / 10;
    const least = Number(line.dataset.least);
    const words = ratio >= least ? line.dataset.good : line.dataset.bad;
    line.textContent = words.replace("{ratio}", decimal(ratio)).replace("{least}", decimal(least));
    line.classList.toggle("bad", ratio < least);
  }
  document.querySelectorAll(".swatches rect").forEach((one, at) => {
    one.setAttribute("fill", colour(["accent", "background", "text"][at]));
  });
}

function tellOdds(list) {
  let sum = 0;
  for (const field of list.querySelectorAll("[data-odd]")) {
    sum += Math.max(0, Number(field.value.replace(",", ".").replace(/[\s%]/g, "")) || 0);
  }
  const share = (per) => `${per.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 2 })}\u202f%`;
  const line = list.querySelector(".sum");
  const words = sum > 100 ? list.dataset.bad : list.dataset.good;
  line.textContent = words.replace("{sum}", share(sum)).replace("{rest}", share(100 - sum));
  line.classList.toggle("bad", sum > 100);
}

// The preview. Each is a new frame: nothing flickers, and the browser's way back stays as it was.

function draw() {
  clearTimeout(previewTimer);
  previewTimer = setTimeout(async () => {
    await sending;
    const phone = document.getElementById("phone");
    for (const waiting of phone.querySelectorAll("iframe[hidden]")) waiting.remove();
    const shown = phone.querySelector("iframe");
    const frame = shown.cloneNode();
    frame.removeAttribute("src");
    frame.name = `preview-${Date.now()}`;
    frame.hidden = true;
    frame.addEventListener("load", () => show(frame));
    phone.append(frame);
    submitTo(frame.name);
  }, PREVIEW_AFTER_MS);
}

function submitTo(name) {
  const page = form();
  const files = [...page.querySelectorAll("input[type=file]")];
  const [action, target] = [page.action, page.target];
  for (const file of files) file.disabled = true;
  page.action = document.getElementById("phone").dataset.source;
  page.target = name;
  page.submit();
  [page.action, page.target] = [action, target];
  for (const file of files) file.disabled = false;
}

function show(frame) {
  // A new frame is loaded twice by some browsers: empty at first.
  if (!frame.isConnected || frame.contentDocument.URL === "about:blank") return;
  const old = [...document.querySelectorAll("#phone iframe")].find((one) => one !== frame && !one.hidden);
  const scrolled = old && old.contentDocument ? old.contentDocument.scrollingElement.scrollTop : 0;
  frame.hidden = false;
  frame.contentDocument.scrollingElement.scrollTop = scrolled;
  if (old) old.remove();
  calm(frame);
}

// Nothing in the preview leads anywhere or sends anything.
function calm(frame) {
  const inside = frame.contentDocument;
  const stop = (event) => {
    if (event.type !== "click" || event.target.closest("a, button")) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  };
  inside.addEventListener("click", stop, true);
  inside.addEventListener("submit", stop, true);
}

// Typing and keys

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!field.closest("#page-form") || field.type === "file") return;
  if (field.name === "preview_language") return draw();
  if (["new_type", "new_language"].includes(field.name)) return;
  typedSince = true;
  if (field.type === "color") tellContrast();
  if ("odd" in field.dataset) tellOdds(field.closest("[data-odds]"));
  draw();
});

document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.type === "file" && field.files.length) upload(field);
  if (field.name && field.name.endsWith(".kind")) redraw(field.name.slice(0, -".kind".length));
});

document.addEventListener("keydown", (event) => {
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  const block = event.target.closest && event.target.closest(".block");
  const button = block && block.querySelector(`.tool.${event.key === "ArrowUp" ? "up" : "down"}`);
  if (!button || event.target.tagName === "SELECT") return;
  event.preventDefault();
  button.click();
});

typedSince = editor().dataset.clean !== "yes";
const first = document.querySelector("#phone iframe");
first.addEventListener("load", () => calm(first), { once: true });
if (first.contentDocument && first.contentDocument.readyState === "complete" && first.contentDocument.URL !== "about:blank") calm(first);
