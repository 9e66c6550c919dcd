// The live funnel page: listens for changed figures while somebody looks, asks for them where no stream comes through, and
// swaps what changed.
// Everything it shows stands in the page without it too.
"use strict";

const figures = document.getElementById("figures");
const trouble = document.getElementById("live-trouble");
const SLOWEST_MS = 30000;
const TIMEOUT_MS = 10000;
const REACHABLE = "a, button, summary, [tabindex]";
const SILENCE_MS = 30000;
const LISTEN_AGAIN_MS = 5000;
const SELDOM_MS = 300000;

let stream = null;
let listening = false;
let silenceTimer = 0;
let listenTimer = 0;
let losses = 0;
let timer = 0;
let failures = 0;
let fetching = false;

// --- Listening: the server tells what changes -------------------------------------------------------------------

function listen() {
  clearTimeout(listenTimer);
  // The page of answers has no stream, and no charts.
  if (stream || document.hidden || !figures.dataset.stream) return;
  const seen = document.getElementById("live").dataset.version;
  stream = new EventSource(`${figures.dataset.stream}?seen=${seen}`);
  stream.addEventListener("figures", (event) => {
    swap(figures, event.data);
    chartsAreOld();
    heard();
  });
  stream.addEventListener("beat", (event) => {
    replaceIfChanged(document.getElementById("live"), liveParts(parse(event.data)).get("live"));
    heard();
  });
  stream.addEventListener("error", lose);
  silenceTimer = setTimeout(lose, SILENCE_MS);
}

function heard() {
  listening = true;
  losses = 0;
  failures = 0;
  tell("");
  clearTimeout(timer);
  clearTimeout(silenceTimer);
  silenceTimer = setTimeout(lose, SILENCE_MS);
}

function hangUp() {
  stream?.close();
  stream = null;
  listening = false;
  clearTimeout(silenceTimer);
}

// Whatever the reason, a proxy that lets no stream through among them: the page asks, and listens again later.
function lose() {
  hangUp();
  losses += 1;
  clearTimeout(listenTimer);
  listenTimer = setTimeout(listen, Math.min(LISTEN_AGAIN_MS * 2 ** (losses - 1), SELDOM_MS));
  refresh();
}

// --- Asking: what the page does until it has heard something ----------------------------------------------------------

async function refresh() {
  if (fetching) return;
  fetching = true;
  try {
    const answer = await fetch(figures.dataset.source, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store" });
    if (answer.status === 401) {
      clearTimeout(listenTimer);
      tell(figures.dataset.signedOut);
      return;
    }
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    swap(figures, await answer.text());
    chartsAreOld();
    failures = 0;
    tell("");
  } catch {
    failures += 1;
    tell(figures.dataset.failed);
  } finally {
    fetching = false;
  }
  schedule();
}

function schedule() {
  clearTimeout(timer);
  if (document.hidden || listening) return;
  const usual = Number(document.getElementById("live").dataset.refreshMs);
  const wait = failures ? Math.max(usual, Math.min(usual * 2 ** failures, SLOWEST_MS)) : usual;
  timer = setTimeout(refresh, wait);
}

function tell(words) {
  if (trouble.textContent !== words) trouble.textContent = words;
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  hangUp();
  if (document.hidden) return;
  refresh().then(listen);
});

// --- Swapping ---------------------------------------------------------------------------------------------------

function parse(html) {
  return new DOMParser().parseFromString(html, "text/html").body;
}

function liveParts(root) {
  return new Map(Array.from(root.querySelectorAll("[data-live]"), (part) => [part.id, part]));
}

function swap(place, html) {
  const parsed = parse(html);
  const present = liveParts(place);
  const fresh = liveParts(parsed);
  if (present.size !== fresh.size || [...fresh.keys()].some((id) => !present.has(id))) {
    replaceAll(place, parsed);
  } else {
    for (const [id, part] of fresh) replaceIfChanged(present.get(id), part);
  }
  draw();
}

function draw() {
  if (below) Charts.drawAll();
}

// A part that was not there before: what was open stays open, and the focus stays where it was.
function replaceAll(place, parsed) {
  const open = Array.from(place.querySelectorAll("details[id][open]"), (one) => one.id);
  const within = place.contains(document.activeElement) ? document.activeElement.closest("[id]")?.id : "";
  place.replaceChildren(...parsed.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  const part = within && document.getElementById(within);
  if (part) (part.matches(REACHABLE) ? part : part.querySelector(REACHABLE))?.focus();
}

function replaceIfChanged(old, fresh) {
  if (old.outerHTML === fresh.outerHTML) return;
  const place = Array.from(old.querySelectorAll(REACHABLE)).indexOf(document.activeElement);
  old.replaceWith(fresh);
  if (place >= 0) (fresh.querySelectorAll(REACHABLE)[place] || fresh.querySelector(REACHABLE))?.focus();
}

// --- The charts below, which are fetched once the page stands, and again when its figures have changed -----------

const below = document.getElementById("charts");
const CHARTS_MS = 15000;
let chartsTimer = 0;
let chartsAt = -CHARTS_MS;

function chartsAreOld() {
  if (chartsTimer || document.hidden || !below?.dataset.source) return;
  chartsTimer = setTimeout(fetchCharts, Math.max(0, chartsAt + CHARTS_MS - performance.now()));
}

async function fetchCharts() {
  chartsAt = performance.now();
  try {
    const answer = await fetch(below.dataset.source, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store" });
    if (answer.ok) swap(below, await answer.text());
  } catch {
    setTimeout(chartsAreOld, CHARTS_MS);
  } finally {
    chartsTimer = 0;
  }
}

// A choice within the charts, such as the time zone of a map, is a link to the same charts made otherwise.
below?.addEventListener("click", (event) => {
  const choice = event.target.closest("a[data-charts]");
  if (!choice || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  below.dataset.source = choice.dataset.charts;
  fetchCharts();
});

draw();
schedule();
listen();
if (document.readyState === "complete") chartsAreOld();
else window.addEventListener("load", chartsAreOld);
