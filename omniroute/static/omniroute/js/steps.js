/* The steps of a combo: add, remove, move by arrows; dragging is unfold's sort plugin. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector("[data-steps]");
  const list = box.querySelector("[data-steps-list]");
  const template = box.querySelector("[data-steps-template]");
  const prefix = box.dataset.steps;
  const total = box.querySelector(`[name="${prefix}-TOTAL_FORMS"]`);
  const steps = () => [...list.querySelectorAll("[data-step]")];
  const left = () => steps().filter((step) => !step.classList.contains("is-removed"));

  /* Hidden positions, and the numbers that people see, follow the order on the page. */
  function number() {
    left().forEach((step, index, all) => {
      step.querySelector("[name$=-position]").value = index + 1;
      step.querySelector("[data-step-number]").textContent = index + 1;
      step.querySelector("[data-step-move=up]").disabled = index === 0;
      step.querySelector("[data-step-move=down]").disabled = index === all.length - 1;
    });
  }

  function add() {
    const html = template.innerHTML.replaceAll("__prefix__", total.value);
    list.insertAdjacentHTML("beforeend", html);
    total.value = Number(total.value) + 1;
    number();
    list.lastElementChild.querySelector("[name$=-model]").focus();
  }

  /* Forms keep their numbers, so a removed one stays in the page, marked for deletion. */
  function remove(step) {
    const index = steps().indexOf(step);
    step.classList.add("is-removed");
    step.hidden = true;
    const id = step.querySelector("[name$=-id]");
    const mark = document.createElement("input");
    Object.assign(mark, { type: "hidden", value: "on", name: id.name.replace(/-id$/, "-DELETE") });
    step.append(mark);
    number();
    const next = left()[Math.min(index, left().length - 1)];
    (next?.querySelector("[name$=-model]") ?? box.querySelector("[data-step-add]")).focus();
    say("Step removed");
  }

  function move(step, where, button) {
    const order = left();
    const other = order[order.indexOf(step) + (where === "up" ? -1 : 1)];
    if (!other) return;
    if (where === "up") other.before(step);
    else other.after(step);
    number();
    button.focus();
    say(`Moved to place ${left().indexOf(step) + 1}`);
  }

  box.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const step = event.target.closest("[data-step]");
    if (!button) return;
    if (button.hasAttribute("data-step-add")) add();
    else if (button.hasAttribute("data-step-remove")) remove(step);
    else if (button.dataset.stepMove) move(step, button.dataset.stepMove, button);
  });
  box.addEventListener("steps-moved", number);
  if (!steps().length) add();
  number();
});
