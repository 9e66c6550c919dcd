  // Forms. What was typed before a block was swapped is put back; the first wrong field is gone to.
  const typed = {};

  page.enhance("survey", (section) => {
    const form = section.querySelector("form");
    const id = section.dataset.block;
    if (!form) return;
    if (typed[id] && !("refused" in form.dataset)) putBack(form, typed[id]);
    form.addEventListener("input", ({ target }) => {
      if (!typed[id]) page.tell("form_started", id);
      typed[id] = { values: new FormData(form), at: [target.name, target.value] };
    });
    form.addEventListener("submit", (event) => {
      const missing = [...form.querySelectorAll("[data-missing]")].filter((told) => !isAnswered(form, told));
      if (!missing.length) return;
      event.preventDefault();
      event.stopPropagation();
      form.querySelector(".faults").hidden = false;
      missing[0].parentElement.querySelector("input, textarea").focus();
    });
  });

  // Tells beside a required question that its answer is missing, as the server does, which checks again.
  function isAnswered(form, told) {
    const question = told.parentElement;
    const field = question.querySelector("input, textarea");
    const answered = new FormData(form).getAll(field.name).some((value) => value.trim());
    const mark = (element, name, value) => (answered ? element.removeAttribute(name) : element.setAttribute(name, value));
    told.hidden = answered;
    told.textContent = told.dataset.missing;
    mark(field, "aria-invalid", "true");
    mark(question.matches("fieldset") ? question : field, "aria-describedby", told.id);
    return answered;
  }

  function putBack(form, { values, at }) {
    for (const field of form.elements) {
      if (field.type === "checkbox" || field.type === "radio") field.checked = values.getAll(field.name).includes(field.value);
      else if (field.name) field.value = values.get(field.name) || "";
      if (field.name === at[0] && field.value === at[1] && document.activeElement === document.body) field.focus();
    }
  }

  document.addEventListener("page:sent", ({ detail }) => {
    const section = page.block(detail.answer.block);
    if (!section || !detail.action.startsWith(path + "/form/")) return;
    const wrong = section.querySelector("[aria-invalid]");
    if (wrong) wrong.focus();
    else if (section.querySelector("[data-done]")) page.tell("form_sent", detail.answer.block);
  });

