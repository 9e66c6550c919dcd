// Draws the charts of a page: each `.chart` from the JSON of the element that its data-of names, once it comes into view.
// What it shows stands in a table beside it. Pages that load this file name plotly.js in data-plotly of an element.
"use strict";

const Charts = (() => {
  const wide = window.matchMedia("(min-width: 40rem)");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const seen = new WeakSet();
  const watcher = new IntersectionObserver(noteSeen, { rootMargin: "400px" });
  let plotly = null;

  // plotly.js is large: it is fetched only where a chart comes into view, which none does on a phone.
  function loadPlotly() {
    // A file that holds it has no page to fetch it from.
    if (window.Plotly) return Promise.resolve(window.Plotly);
    plotly ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = document.querySelector("[data-plotly]").dataset.plotly;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => {
        plotly = null;
        reject(new Error("plotly.js did not load"));
      };
      document.head.append(script);
    });
    return plotly;
  }

  function noteSeen(entries) {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.add(target);
      watcher.unobserve(target);
      draw(target);
    }
  }

  async function draw(chart) {
    const source = document.getElementById(chart.dataset.of)?.dataset.chart;
    if (!source || !wide.matches) return;
    const wanted = source + dark.matches;
    if (chart.drawn === wanted) return;
    try {
      const library = await loadPlotly();
      const { data, layout } = inTheme(source);
      await library.react(chart, data, layout, { staticPlot: true, responsive: true });
      chart.drawn = wanted;
    } catch {
      // The table holds the same figures.
    }
  }

  // Colours are written as var(--bar), so that a chart follows the theme of the page.
  function inTheme(source) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const figure = JSON.parse(source, (_, value) => {
      const named = typeof value === "string" && value.match(/^var\((--[a-z0-9-]+)\)$/);
      return named ? colour(named[1]) : value;
    });
    figure.layout.font = { family: style.fontFamily, size: 13, color: colour("--ink"), ...figure.layout.font };
    return figure;
  }

  function drawAll() {
    for (const chart of document.querySelectorAll(".chart[data-of]")) {
      if (seen.has(chart)) draw(chart);
      else watcher.observe(chart);
    }
  }

  dark.addEventListener("change", drawAll);
  wide.addEventListener("change", drawAll);
  return { drawAll };
})();

Charts.drawAll();
