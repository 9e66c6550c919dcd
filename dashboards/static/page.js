// Closes an open definition on Escape or on a click elsewhere. Without this script it closes by its own summary.
"use strict";

function closeDefinitions(except) {
  for (const open of document.querySelectorAll("details.word[open]")) {
    if (open !== except) open.open = false;
  }
}

document.addEventListener("click", (event) => closeDefinitions(event.target.closest("details.word")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const inside = document.activeElement.closest("details.word[open]");
  closeDefinitions(null);
  if (inside) inside.querySelector("summary").focus();
});
