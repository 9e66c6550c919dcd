  // Countdowns, by the server's clock. Many phones stop performance.now() while they sleep, so whoever wakes one would see a
  // time that is long over. That the two clocks of the browser have come apart shows it, or that somebody set the phone's:
  // either way the server is asked again.
  const apartMs = 2000;
  const againMs = 5000;
  const between = () => Date.now() - performance.now();
  let usual = between();
  let asking = false;

  async function askAfterSleep() {
    if (asking || !path || page.now() === null || Math.abs(between() - usual) < apartMs) return;
    asking = true;
    const found = between();
    await page.askServer().then(() => (usual = found), () => {});
    setTimeout(() => (asking = false), againMs);
  }

  // Until the server told its time, or if it cannot, the phone's own is believed.
  page.enhance("countdown", (section) => {
    const face = section.querySelector(".clock");
    if (!face) return;
    const seconds = { days: 86400, hours: 3600, minutes: 60, seconds: 1 };

    function ends() {
      // A recipient's own zone is the server's to know; a phone's is the next best.
      return face.dataset.ends ? Number(face.dataset.ends) : new Date(face.dataset.local).getTime();
    }

    function show() {
      if (!section.isConnected) return clearInterval(timer);
      if (!face.dataset.ends && !root.classList.contains("asked")) return;
      askAfterSleep();
      const present = page.now();
      let left = Math.ceil((ends() - (present === null ? Date.now() : present)) / 1000);
      if (left <= 0) return finish();
      Object.entries(seconds).forEach(([unit, size]) => {
        face.querySelector(`[data-unit=${unit}]`).textContent = String(Math.floor(left / size)).padStart(2, "0");
        left %= size;
      });
      face.classList.add("runs");
    }

    function finish() {
      clearInterval(timer);
      const finished = document.createElement("p");
      finished.className = "finished";
      finished.textContent = face.dataset.finished;
      section.replaceChildren(finished);
    }

    const timer = setInterval(show, 1000);
    document.addEventListener("page:asked", show, { once: true });
    show();
  });

