/* Light, dark or the system's choice. Runs before the first paint, so that no page flashes. */
"use strict";

const colours = (() => {
  const key = "omniroute-theme";
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => localStorage.getItem(key) || "auto";

  function apply() {
    const dark = chosen() === "dark" || (chosen() === "auto" && system.matches);
    document.documentElement.classList.toggle("dark", dark);
  }

  function choose(value) {
    localStorage.setItem(key, value);
    apply();
  }

  system.addEventListener("change", apply);
  apply();
  return { chosen, choose };
})();
