// Tells what happens on the page, in small numbered pieces; the same piece told twice is known by its number. Nothing is told
// without a token (the recipient is not followed), and nothing is kept in the browser.
(function () {
  "use strict";
  if (!page.token) return;
  const mostNumbers = 500;
  const mostAtOnce = 20;
  const gatherMs = 1000;
  const steps = [25, 50, 75, 100];
  let waiting = [];
  let number = 0;
  let timer = 0;
  let seconds = 0;
  let since = 0;
  let told = -1;
  let deepest = 0;

  function send() {
    clearTimeout(timer);
    timer = 0;
    while (waiting.length) {
      const events = waiting.splice(0, mostAtOnce);
      navigator.sendBeacon(page.path + "/events", JSON.stringify({ token: page.token, events }));
    }
  }

  function tell(event) {
    if (number >= mostNumbers) return;
    waiting.push({ number: number++, at: Math.round(performance.now()), ...event });
    timer = timer || setTimeout(send, gatherMs);
  }

  function depth() {
    const seen = ((scrollY + innerHeight) / document.documentElement.scrollHeight) * 100 + 0.5;
    for (const step of steps) {
      if (step > deepest && seen >= step) {
        deepest = step;
        tell({ name: "depth", value: step });
      }
    }
  }

  // Seconds count while the page can be seen; what was gathered leaves when it cannot any more.
  function look(event) {
    if (since) seconds += (performance.now() - since) / 1000;
    since = document.visibilityState === "visible" && event.type !== "pagehide" ? performance.now() : 0;
    if (since) {
      if (told < 0) {
        told = 0;
        tell({ name: "view" });
        depth();
      }
      return;
    }
    if (told >= 0 && Math.floor(seconds) > told) {
      told = Math.floor(seconds);
      tell({ name: "visible", value: told });
    }
    send();
  }

  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", look);
  addEventListener("load", look);
  addEventListener("scroll", depth, { passive: true });
  page.listen((name, block) => tell({ name, block }));
})();
