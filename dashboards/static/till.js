// Scans a code with the camera where the browser can read barcodes. Without it, and without this script, codes are typed.
"use strict";

// A page that answered a form, as one that refuses a PIN does, is remembered by its address alone: Back leads to the till, not
// to the browser's question whether to send the form again.
history.replaceState(null, "");

const LOOK_EVERY_MS = 150;

const place = document.getElementById("scanner");
const field = document.getElementById("code");

let stream = null;

function made(name, words) {
  const element = document.createElement(name);
  element.textContent = words;
  return element;
}

function close() {
  if (stream) stream.getTracks().forEach((track) => track.stop());
  stream = null;
  show(button());
}

function show(...elements) {
  place.replaceChildren(...elements);
}

function button() {
  const open = made("button", place.dataset.open);
  open.type = "button";
  open.className = "step-button";
  open.addEventListener("click", scan);
  return open;
}

async function scan({ currentTarget: asked }) {
  // While the browser asks whether it may, a second tap would open a camera that nothing closes.
  asked.disabled = true;
  const detector = new BarcodeDetector();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  } catch {
    const refused = made("p", place.dataset.refused);
    refused.className = "wrong";
    refused.role = "alert";
    show(button(), refused);
    return;
  }
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  const stop = made("button", place.dataset.close);
  stop.type = "button";
  stop.className = "step-button";
  stop.addEventListener("click", () => {
    close();
    place.querySelector("button").focus();
  });
  const look = made("p", place.dataset.look);
  look.className = "help";
  look.role = "status";
  show(video, look, stop);
  stop.focus();
  await video.play();
  watch(detector, video, stream);
}

// Looks until it sees a barcode, or until this stream is not the one that is shown any more.
async function watch(detector, video, watched) {
  while (stream === watched) {
    const [found] = await detector.detect(video).catch(() => []);
    if (found && stream === watched) {
      close();
      field.value = found.rawValue;
      document.getElementById("code-form").requestSubmit();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

// A browser may know the name and read nothing: on Android without Google's services there is nobody who would.
async function offer() {
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
  if (formats.length) close();
}

if (place && "BarcodeDetector" in window && navigator.mediaDevices) {
  offer();
  // A camera must not stay on behind a page that nobody looks at.
  document.addEventListener("visibilitychange", () => document.hidden && stream && close());
  window.addEventListener("pagehide", () => stream && close());
}
