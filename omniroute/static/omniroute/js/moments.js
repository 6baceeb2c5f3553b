/* Times in the viewer's zone: <time data-moment>, and chart labels that are UTC hours. */
"use strict";

const moments = (() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const day = { day: "numeric", month: "short" };
  const exact = { dateStyle: "full", timeStyle: "long" };

  // The server reads dates that are typed into forms, and counts "today", in this zone.
  if (zone) {
    const secure = window.location.protocol === "https:" ? ";Secure" : "";
    document.cookie = `omni_zone=${zone};Path=/;Max-Age=31536000;SameSite=Lax${secure}`;
  }

  function ago(date) {
    const seconds = Math.round((Date.now() - date) / 1000);
    if (seconds < 60) return "just now";
    const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
    if (seconds < 3600) return words.format(-Math.floor(seconds / 60), "minute");
    if (seconds < 86400) return words.format(-Math.floor(seconds / 3600), "hour");
    return words.format(-Math.floor(seconds / 86400), "day");
  }

  function local(date, style) {
    if (style === "full") return date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
    const now = new Date();
    const time = date.toLocaleTimeString("en-GB", style === "seconds" ? { ...clock, second: "2-digit" } : clock);
    if (date.toDateString() === now.toDateString()) return style === "date" ? "today" : time;
    const year = date.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
    const date_ = date.toLocaleDateString("en-GB", { ...day, ...year });
    return style === "date" ? date_ : `${date_}, ${time}`;
  }

  function show(root) {
    for (const element of root.querySelectorAll("time[data-moment]")) {
      const date = new Date(element.dateTime);
      const style = element.dataset.moment;
      element.textContent = style === "ago" ? ago(date) : local(date, style);
      element.title = date.toLocaleString("en-GB", exact);
    }
  }

  function label(root) {
    for (const canvas of root.querySelectorAll("canvas.chart")) {
      const data = JSON.parse(canvas.dataset.value);
      data.labels = data.labels.map((hour) => new Date(hour).toLocaleTimeString("en-GB", clock));
      canvas.dataset.value = JSON.stringify(data);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    show(document);
    label(document);
  });
  return { show };
})();
