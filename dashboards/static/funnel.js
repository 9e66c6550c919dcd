// The live funnel page: fetches the figures again while somebody looks, swaps what changed, and draws the chart.
// Everything it shows stands in the page without it too.
"use strict";

const figures = document.getElementById("figures");
const trouble = document.getElementById("live-trouble");
const wide = window.matchMedia("(min-width: 40rem)");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const SLOWEST_MS = 30000;
const TIMEOUT_MS = 10000;

let timer = 0;
let failures = 0;
let fetching = false;
let plotly = null;

// --- Refreshing -------------------------------------------------------------------------------------------------

async function refresh() {
  if (fetching) return;
  fetching = true;
  try {
    const answer = await fetch(figures.dataset.source, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store" });
    if (answer.status === 401) {
      tell(figures.dataset.signedOut);
      return;
    }
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    swap(await answer.text());
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
  if (document.hidden) return;
  const usual = Number(document.getElementById("live").dataset.refreshMs);
  const wait = failures ? Math.max(usual, Math.min(usual * 2 ** failures, SLOWEST_MS)) : usual;
  timer = setTimeout(refresh, wait);
}

function tell(words) {
  if (trouble.textContent !== words) trouble.textContent = words;
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) refresh();
});

// --- Swapping ---------------------------------------------------------------------------------------------------

function liveParts(root) {
  return new Map(Array.from(root.querySelectorAll("[data-live]"), (part) => [part.id, part]));
}

function swap(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html").body;
  const present = liveParts(figures);
  const fresh = liveParts(parsed);
  if (present.size !== fresh.size || [...fresh.keys()].some((id) => !present.has(id))) {
    figures.replaceChildren(...parsed.childNodes);
  } else {
    for (const [id, part] of fresh) replaceIfChanged(present.get(id), part);
  }
  draw();
}

function replaceIfChanged(old, fresh) {
  if (old.outerHTML === fresh.outerHTML) return;
  const reachable = "a, button, summary, [tabindex]";
  const place = Array.from(old.querySelectorAll(reachable)).indexOf(document.activeElement);
  old.replaceWith(fresh);
  if (place >= 0) (fresh.querySelectorAll(reachable)[place] || fresh.querySelector(reachable))?.focus();
}

// --- Drawing ----------------------------------------------------------------------------------------------------

// plotly.js is large: it is fetched only where the chart stands, which is not on a phone.
function loadPlotly() {
  plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = figures.dataset.plotly;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      plotly = null;
      reject(new Error("plotly.js did not load"));
    };
    document.head.append(script);
  });
  return plotly;
}

async function draw() {
  const chart = document.getElementById("chart");
  if (!chart || !wide.matches) return;
  const source = document.getElementById("chart-data").dataset.chart;
  const drawn = source + dark.matches;
  if (chart.dataset.drawn === drawn) return;
  try {
    const library = await loadPlotly();
    const { data, layout } = withColours(JSON.parse(source));
    await library.react(chart, data, layout, { staticPlot: true, responsive: true });
    chart.dataset.drawn = drawn;
  } catch {
    // The list of bars and the table hold the same figures.
  }
}

function withColours({ data, layout }) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const font = { family: style.fontFamily, size: 13, color: colour("--ink") };
  const trace = {
    ...data[0],
    marker: { color: colour("--bar") },
    connector: { fillcolor: colour("--track"), line: { width: 0 } },
    insidetextfont: { ...font, color: colour("--on-bar") },
    outsidetextfont: font,
  };
  return { data: [trace], layout: { ...layout, font } };
}

dark.addEventListener("change", draw);
wide.addEventListener("change", draw);
draw();
schedule();
