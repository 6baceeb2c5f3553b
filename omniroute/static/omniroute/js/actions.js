/* Small behaviours that pages ask for with data attributes; every one of them works without. */
"use strict";

const say = (text) => {
  document.getElementById("announcer").textContent = text;
};

/* data-copy="#id": copies the text of an element. */
async function copy(button) {
  const source = document.querySelector(button.dataset.copy);
  const label = button.querySelector("[data-label]");
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
  } catch {
    window.getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
  const before = label.textContent;
  label.textContent = "Copied";
  say("Copied to the clipboard");
  window.setTimeout(() => { label.textContent = before; }, 1600);
}

/* data-reveal="#id": shows or hides what is typed into a password field. */
function reveal(button) {
  const input = document.querySelector(button.dataset.reveal);
  const shown = input.type === "text";
  input.type = shown ? "password" : "text";
  button.setAttribute("aria-pressed", String(!shown));
  button.querySelector(".material-symbols-outlined").textContent = shown ? "visibility" : "visibility_off";
}

/* role="tab" aria-controls: one panel of a tab list. */
function choose(tab) {
  for (const other of tab.closest("[role=tablist]").querySelectorAll("[role=tab]")) {
    const mine = other === tab;
    other.setAttribute("aria-selected", String(mine));
    other.tabIndex = mine ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !mine;
  }
}

function move(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const tab = event.target.closest("[role=tab]");
  if (!step || !tab) return;
  const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]")];
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  choose(next);
  next.focus();
}

/* form[data-busy]: the pressed button shows that work is going on, and for how long. */
function busy(button, text) {
  const before = [...button.childNodes];
  const started = Date.now();
  const spin = Object.assign(document.createElement("span"), { className: "o-spin" });
  const words = document.createElement("span");
  const tick = () => {
    const seconds = Math.floor((Date.now() - started) / 1000);
    words.textContent = seconds ? `${text}… ${seconds} s` : `${text}…`;
  };
  tick();
  button.replaceChildren(spin, words);
  button.setAttribute("aria-busy", "true");
  const timer = window.setInterval(tick, 1000);
  return () => {
    window.clearInterval(timer);
    button.replaceChildren(...before);
    button.removeAttribute("aria-busy");
  };
}

/* form[data-live="#id"]: posts in the background; the answer replaces the element. */
async function live(form, button) {
  const done = busy(button, form.dataset.busy);
  say(`${form.dataset.busy}…`);
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form, button),
      headers: { "X-Part": "1" },
    });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const old = document.querySelector(form.dataset.live);
    old.outerHTML = await answer.text();
    const fresh = document.querySelector(form.dataset.live);
    moments.show(fresh);
    say(fresh.querySelector("[data-said]")?.textContent.trim() ?? "Done");
  } catch {
    done();
    delete form.dataset.live; // the plain way shows what is wrong
    form.requestSubmit(button);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-reveal], [role=tab]");
  if (!button) return;
  if (button.dataset.copy) copy(button);
  else if (button.dataset.reveal) reveal(button);
  else choose(button);
});
document.addEventListener("keydown", move);
document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (!form.dataset.busy || !button) return;
  if (button.hasAttribute("aria-busy")) return event.preventDefault();
  if (!form.dataset.live) {
    // After the browser has read which button was pressed.
    window.setTimeout(() => busy(button, form.dataset.busy));
    return undefined;
  }
  event.preventDefault();
  return live(form, button);
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
});

/* input[data-find="selector"]: hides what does not contain the typed words. */
document.addEventListener("input", (event) => {
  const input = event.target;
  if (!input.dataset.find) return;
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let left = 0;
  for (const item of document.querySelectorAll(input.dataset.find)) {
    item.hidden = !words.every((word) => item.dataset.words.toLowerCase().includes(word));
    left += item.hidden ? 0 : 1;
  }
  for (const group of document.querySelectorAll("[data-find-group]")) {
    group.hidden = !group.querySelector(`${input.dataset.find}:not([hidden])`);
  }
  document.querySelector("[data-find-none]").hidden = left > 0;
});
