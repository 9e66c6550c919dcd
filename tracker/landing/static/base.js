// The one script of a landing page. It asks for what is a recipient's own once somebody looks, and swaps blocks as the server
// answers; without it the page's forms do the same. The sources in tracker/landing/static are put together into one file, in
// the order of `files.SCRIPTS`: each part registers what it does with `page` here, and start.js begins.
(function () {
  "use strict";
  const root = document.documentElement;
  const { path, token, ask, shown, now } = document.body.dataset;
  const trouble = document.getElementById("trouble");
  const enhancers = [];
  const listeners = [];
  let clock = null;

  const page = {
    path: path,
    // Empty where the recipient is not followed: then nothing is told.
    token: token,

    // Calls fn(section) for each block of a type, now and whenever it was swapped.
    enhance(type, fn) {
      enhancers.push({ type, fn });
    },

    // Calls fn(name, block, value) for what happens on the page.
    listen(fn) {
      listeners.push(fn);
    },

    tell(name, block, value) {
      listeners.forEach((fn) => fn(name, block || "", value || 0));
    },

    // The server's time in milliseconds, whatever the phone's clock says; null until an answer told it.
    now() {
      return clock === null ? null : clock + performance.now();
    },

    // Asks for the recipient's own, and so for the server's time; resolves to the answer.
    async askServer() {
      const began = performance.now();
      const answer = await page.post(path + "/me", { language: root.lang });
      // The server looked at its clock about half way between question and answer.
      setClock(answer.now, (began + performance.now()) / 2);
      return answer;
    },

    // Posts fields to an address of this page; resolves to the answer, rejects with its `status`, `code` and `answer`.
    async post(address, fields) {
      const response = await fetch(address, {
        method: "POST",
        body: new URLSearchParams(fields || {}),
        headers: { Accept: "application/json" },
        cache: "no-store",
        credentials: "omit",
      });
      const answer = await response.json().catch(() => ({}));
      if (response.ok) return answer;
      throw Object.assign(new Error("refused"), { status: response.status, code: answer.code, answer });
    },

    block(id) {
      return document.getElementById("b-" + id);
    },

    // Puts a block's new HTML, its <section>, in the place of the old one.
    swap(id, html) {
      const old = page.block(id);
      if (!old) return null;
      const made = document.createElement("template");
      made.innerHTML = html.trim();
      const section = made.content.firstElementChild;
      old.replaceWith(section);
      prepare(section);
      return section;
    },
  };

  function prepare(section) {
    enhancers.forEach(({ type, fn }) => type === section.dataset.type && fn(section));
  }

  function setClock(told, between) {
    clock = told - between;
  }

  async function askForOwn() {
    try {
      const answer = await page.askServer();
      speak(answer);
      Object.entries(answer.blocks).forEach(([id, html]) => page.swap(id, html));
      trouble.hidden = true;
    } catch {
      trouble.hidden = false;
    }
    document.querySelectorAll("[aria-busy]").forEach((one) => one.removeAttribute("aria-busy"));
    root.classList.add("asked");
    document.dispatchEvent(new Event("page:asked"));
  }

  function speak(answer) {
    root.lang = answer.language;
    root.dir = answer.direction;
    document.title = answer.title;
    document.getElementById("title").textContent = answer.title;
  }

  function whenLookedAt(fn) {
    const look = () => {
      if (document.visibilityState !== "visible" || document.prerendering) return;
      document.removeEventListener("visibilitychange", look);
      fn();
    };
    document.addEventListener("visibilitychange", look);
    document.addEventListener("prerenderingchange", look, { once: true });
    look();
  }

  // A form with data-live is sent here and its block swapped for the answer's; without a script the browser sends it.
  async function send(form) {
    const problem = form.querySelector(".problem");
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    if (problem) problem.hidden = true;
    try {
      const answer = await page.post(form.getAttribute("action"), new FormData(form));
      arrive(answer, form);
    } catch (error) {
      if (error.answer && error.answer.html) arrive(error.answer, form);
      else if (problem) problem.hidden = false;
    }
    delete form.dataset.busy;
  }

  function arrive(answer, form) {
    const section = page.swap(answer.block, answer.html);
    const target = section && section.querySelector("[tabindex='-1']");
    if (target) target.focus();
    document.dispatchEvent(new CustomEvent("page:sent", { detail: { answer, action: form.getAttribute("action") } }));
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.closest("#trouble") && path) {
      event.preventDefault();
      askForOwn();
    } else if ("live" in form.dataset) {
      event.preventDefault();
      send(form);
    }
  });

  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-tell]");
    const section = pressed && pressed.closest("[data-block]");
    if (section) page.tell(pressed.dataset.tell, section.dataset.block);
  });

  page.start = function () {
    root.classList.add("js");
    if (now) setClock(Number(now), performance.now());
    document.querySelectorAll("[data-block]").forEach(prepare);
    if (ask !== undefined && shown === undefined) whenLookedAt(askForOwn);
    else root.classList.add("asked");
  };

