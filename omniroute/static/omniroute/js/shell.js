/* The frame: theme switch, and the sidebar on small screens. */
"use strict";

function showTheme(buttons) {
  for (const button of buttons) {
    button.setAttribute("aria-pressed", String(button.dataset.theme === colours.chosen()));
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const buttons = document.querySelectorAll("[data-theme]");
  showTheme(buttons);
  for (const button of buttons) {
    button.addEventListener("click", () => {
      colours.choose(button.dataset.theme);
      showTheme(buttons);
    });
  }

  const side = document.getElementById("nav-sidebar");
  if (!side) return;
  const opener = document.querySelector("[data-menu-open]");
  const toggle = (open) => {
    side.classList.toggle("is-open", open);
    opener.setAttribute("aria-expanded", String(open));
    (open ? side.querySelector("[data-menu-close]") : opener).focus();
  };
  opener.addEventListener("click", () => toggle(true));
  for (const closer of document.querySelectorAll("[data-menu-close]")) {
    closer.addEventListener("click", () => toggle(false));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && side.classList.contains("is-open")) toggle(false);
  });
});
