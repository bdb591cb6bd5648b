// What makes forms a little quicker. Every page works without it.
"use strict";
document.documentElement.classList.add("has-js");

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button || !navigator.clipboard) return;
  navigator.clipboard.writeText(button.dataset.copy).then(() => {
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 1500);
  });
});

// Escape closes the menu and whatever is unfolded in the sidebar.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.getElementById("menu");
  if (menu) menu.checked = false;
  document.querySelectorAll("details.switch[open]").forEach((details) => { details.open = false; });
});

// A form is sent once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(() => { delete form.dataset.sent; }, 3000);
});

// What changes is shown as it changes: parts of a page that say what concerns them ask for themselves again.
const live = document.querySelector("[data-live]");
if (live && window.EventSource) {
  const concerns = (what, news) => news.more || (what === "messages" && news.messages.length > 0)
    || (what === "phones" && (news.phones || news.messages.length > 0)) || news.messages.includes(what);
  let events = null;
  const listen = () => {
    if (document.hidden) { events?.close(); events = null; return; }
    if (events) return;
    events = new EventSource(live.dataset.events);
    events.addEventListener("changed", (event) => {
      const news = JSON.parse(event.data);
      document.querySelectorAll("[data-live]").forEach((part) => {
        // What somebody is about to read or to write is not taken from under them.
        const busy = part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
        if (!busy && concerns(part.dataset.live, news)) htmx.trigger(part, "live");
      });
    });
  };
  document.addEventListener("visibilitychange", () => {
    const away = !events;
    listen();
    if (away && events) document.querySelectorAll("[data-live]").forEach((part) => htmx.trigger(part, "live"));
  });
  addEventListener("pagehide", () => { events?.close(); events = null; });
  listen();
}
