  // The button that copies a code. Where the browser keeps the clipboard to itself, the code is selected for the reader.
  page.enhance("code", (section) => {
    const button = section.querySelector(".copy");
    const shown = section.querySelector(".digits code");
    if (!button || !shown) return;
    const label = button.textContent;
    let back = 0;

    async function copy() {
      try {
        await navigator.clipboard.writeText(shown.textContent);
        return true;
      } catch {
        getSelection().selectAllChildren(shown);
        return document.execCommand("copy");
      }
    }

    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copy();
      button.textContent = done ? button.dataset.copied : button.dataset.byHand;
      button.classList.toggle("done", done);
      page.tell("copied", section.dataset.block);
      clearTimeout(back);
      back = setTimeout(() => {
        button.textContent = label;
        button.classList.remove("done");
      }, 4000);
    });
  });

