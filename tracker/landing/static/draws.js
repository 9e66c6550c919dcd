  // Scratch cards and cells. A draw is asked for by what is done on purpose: a stroke across the card, a cell, a button. Before
  // it the prize is nowhere in the page.
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  function showPrize(answer) {
    const section = page.swap(answer.block, answer.html);
    const prize = section && section.querySelector(".prize");
    if (!prize) return;
    prize.focus({ preventScroll: true });
    page.tell("scratched", answer.block);
  }

  document.addEventListener("page:sent", ({ detail }) => {
    if (detail.action.startsWith(path + "/draw/")) page.tell("scratched", detail.answer.block);
  });

  page.enhance("scratch", (section) => {
    const form = section.querySelector("form");
    const card = section.querySelector(".card");
    const problem = section.querySelector(".problem");
    if (!form || !card || calm.matches) return;
    const cover = card.querySelector(".cover").textContent;
    const foil = card.appendChild(document.createElement("canvas"));
    const pen = foil.getContext("2d");
    const scale = Math.min(devicePixelRatio || 1, 2);
    const [columns, rows] = [16, 8];
    let asked = false;
    let answer = null;
    let last = null;
    let way = 0;
    let touched = new Set();

    function paint() {
      const { clientWidth: width, clientHeight: height } = card;
      const style = getComputedStyle(foil);
      foil.width = width * scale;
      foil.height = height * scale;
      pen.scale(scale, scale);
      pen.fillStyle = style.backgroundColor;
      pen.fillRect(0, 0, width, height);
      pen.fillStyle = style.color;
      pen.font = `650 18px ${style.fontFamily}`;
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      const lines = wrapped(width - 48);
      lines.forEach((line, i) => pen.fillText(line, width / 2, height / 2 + (i - (lines.length - 1) / 2) * 26));
      foil.classList.add("painted");
      touched = new Set();
      way = 0;
    }

    function wrapped(width) {
      const lines = [""];
      const add = (part) => {
        const longer = lines[lines.length - 1] + part;
        const fits = pen.measureText(longer.trim()).width <= width;
        if (fits) lines[lines.length - 1] = longer;
        return fits;
      };
      cover.split(" ").forEach((word) => {
        if (add(" " + word)) return;
        lines.push("");
        // A word that is wider than the card is broken.
        for (const sign of add(word) ? "" : word) if (!add(sign)) lines.push(sign);
      });
      return lines;
    }

    function place(event) {
      const box = foil.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    }

    function scratch(event) {
      if (!last) return;
      const next = place(event);
      const far = Math.hypot(next[0] - last[0], next[1] - last[1]);
      pen.globalCompositeOperation = "destination-out";
      pen.lineWidth = 44;
      pen.lineCap = "round";
      pen.beginPath();
      pen.moveTo(...last);
      pen.lineTo(...next);
      pen.stroke();
      for (let part = 0; part <= 1; part += 8 / Math.max(far, 8)) touch(last, next, part);
      way += far;
      last = next;
      // A tap is none: somebody scrolls, or the pocket does.
      if (way > 24) askOnce();
      uncoverIfDone();
    }

    function touch(from, to, part) {
      const x = from[0] + (to[0] - from[0]) * part;
      const y = from[1] + (to[1] - from[1]) * part;
      const column = Math.floor((x / card.clientWidth) * columns);
      const row = Math.floor((y / card.clientHeight) * rows);
      for (const near of [row - 1, row, row + 1]) if (near >= 0 && near < rows) touched.add(near * columns + column);
    }

    async function askOnce() {
      if (asked) return;
      asked = true;
      problem.hidden = true;
      try {
        answer = await page.post(form.getAttribute("action"));
        lay(answer.html);
        uncoverIfDone();
      } catch {
        asked = false;
        problem.hidden = false;
        paint();
      }
    }

    // The prize under the foil is a picture of it; who reads by ear gets the block that takes its place.
    function lay(html) {
      const made = document.createElement("template");
      made.innerHTML = html;
      const prize = made.content.querySelector(".prize");
      const under = card.querySelector(".cover");
      under.setAttribute("aria-hidden", "true");
      under.replaceChildren(...[...prize.children].map((one) => Object.assign(document.createElement("span"), { textContent: one.textContent })));
    }

    function uncoverIfDone() {
      if (!answer || touched.size < columns * rows * 0.5 || foil.classList.contains("gone")) return;
      foil.classList.add("gone");
      setTimeout(() => showPrize(answer), 500);
    }

    foil.setAttribute("aria-hidden", "true");
    foil.addEventListener("pointerdown", (event) => {
      foil.setPointerCapture(event.pointerId);
      last = place(event);
    });
    foil.addEventListener("pointermove", scratch);
    foil.addEventListener("pointerup", () => (last = null));
    foil.addEventListener("pointercancel", () => (last = null));
    paint();
  });

  page.enhance("flip", (section) => {
    const form = section.querySelector("form");
    const problem = section.querySelector(".problem");
    if (!form) return;
    let busy = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      problem.hidden = true;
      const cell = event.submitter || form.querySelector(".cell");
      cell.classList.add("turning");
      try {
        const answer = await page.post(form.getAttribute("action"), { cell: cell.value });
        turn(cell, answer);
      } catch {
        busy = false;
        cell.classList.remove("turning");
        problem.hidden = false;
      }
    });

    function turn(cell, answer) {
      const made = document.createElement("template");
      made.innerHTML = answer.html;
      const label = made.content.querySelector(".prize-label");
      cell.classList.add("turned");
      cell.querySelector("span").textContent = label ? label.textContent : "\u2013";
      setTimeout(() => showPrize(answer), calm.matches ? 0 : 900);
    }
  });

