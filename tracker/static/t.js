// Tells what a visitor by a link does here. No cookie, no storage.
(function (w, d) {
  var to = new URL("/e", d.currentScript.src).href, found = /(^#|&)rk=([\w-]+)$/.exec(location.hash);
  var now = performance.now.bind(performance);
  var began = now(), queue = [], number = 0, seconds = 0, since = 0, told = -1, depths = 0, forms = [], timer;

  function send() {
    timer = clearTimeout(timer);
    while (queue.length) {
      var body = JSON.stringify({ token: found[2], events: queue.splice(0, 20) });
      fetch(to, { method: "POST", body: body, keepalive: true, credentials: "omit" }).catch(function () {});
    }
  }

  function tell(name, more) {
    if (!found || number > 499) return;
    queue.push(Object.assign({ number: number++, name: name, at: Math.round(now() - began) }, more));
    timer = timer || setTimeout(send, 1000);
  }

  function line(value) {
    return String(value || "").replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, " ").slice(0, 64);
  }

  w.ricochet = function (name, more) {
    more = more || {};
    if (name === "conversion")
      send(), tell(name, { order_ref: line(more.order_ref), amount: more.amount, currency: more.currency }), send();
    else if (name === "video") tell(name, { block: line(more.name), value: Math.round(more.seconds || 0) });
    else if (/^(button|copied|form_started|form_sent)$/.test(name)) tell(name, { block: line(more.name) });
    else console.error("ricochet: no event " + name);
  };

  if (!found) return;
  history.replaceState(history.state, "", location.href.slice(0, -found[0].length));

  function look(event) {
    if (since) seconds += (now() - since) / 1000;
    since = d.visibilityState === "visible" && event.type !== "pagehide" ? now() : 0;
    if (since && told < 0) told = 0, tell("view"), depth();
    if (since) return;
    if (Math.floor(seconds) > told && told >= 0) tell("visible", { value: told = Math.floor(seconds) });
    send();
  }

  function depth() {
    var seen = (w.scrollY + w.innerHeight) / d.documentElement.scrollHeight * 100 + 0.5;
    [25, 50, 75, 100].forEach(function (step) {
      if (step > depths && seen >= step) tell("depth", { value: depths = step });
    });
  }

  function heard(event) {
    var type = event.type, one = event.isTrusted && event.target.closest && event.target.closest("[data-ricochet]");
    if (!one || (type === "click") === (one.tagName === "FORM")) return;
    var first = forms.indexOf(one) < 0 && type === "input" && forms.push(one);
    var name = type === "click" ? "button" : type === "submit" ? "form_sent" : first && "form_started";
    if (name) w.ricochet(name, { name: one.dataset.ricochet });
  }

  function on(target, types, fn) {
    types.split(" ").forEach(function (type) { target.addEventListener(type, fn, true); });
  }

  on(d, "visibilitychange", look);
  on(w, "pagehide load", look);
  on(w, "scroll", depth);
  on(d, "copy", function () { tell("copied"); });
  on(d, "click input submit", heard);
})(window, document);
