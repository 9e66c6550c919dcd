// Hides a definition on Escape while the pointer or the focus stays on its word. It shows without this script.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const word of document.querySelectorAll(".word:hover, .word:focus-within")) word.classList.add("dismissed");
});

for (const leaving of ["pointerout", "focusout"]) {
  document.addEventListener(leaving, (event) => {
    const word = event.target.closest?.(".word.dismissed");
    if (word && !word.contains(event.relatedTarget)) word.classList.remove("dismissed");
  });
}
