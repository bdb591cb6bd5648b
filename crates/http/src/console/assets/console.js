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
  if (menu?.checked) { menu.checked = false; menu.focus(); }
  document.querySelectorAll("details.switch[open]").forEach((details) => { details.open = false; });
});

// Whoever walks out of the menu with the keys has done with it.
document.addEventListener("focusin", (event) => {
  const menu = document.getElementById("menu");
  if (menu?.checked && event.target !== menu && !event.target.closest(".side, .bar")) menu.checked = false;
});

// On a narrow screen lists are laid out as cards: each cell is told its heading, each element what it was.
const cards = (root) => root.querySelectorAll(".scroll > table:not(.calendar, .matrix, .cards)").forEach((table) => {
  const heads = [...table.querySelectorAll("thead th")].map((head) => head.querySelector(".hidden") ? "" : head.textContent.trim());
  if (heads.length < 3) return;
  const role = (elements, name) => elements.forEach((element) => element.setAttribute("role", name));
  role([table], "table");
  role(table.querySelectorAll("thead, tbody"), "rowgroup");
  role(table.querySelectorAll("tr"), "row");
  role(table.querySelectorAll("td"), "cell");
  role(table.querySelectorAll("thead th"), "columnheader");
  role(table.querySelectorAll("tbody th"), "rowheader");
  table.querySelectorAll("tbody tr").forEach((row) => [...row.cells].forEach((cell, at) => {
    if (heads[at] && cell.scope !== "row") cell.dataset.label = heads[at];
  }));
  table.classList.add("cards");
});
cards(document);
document.addEventListener("htmx:afterSwap", () => cards(document));

// What is wider than its frame can be scrolled with the keys.
const scrolls = () => document.querySelectorAll(".scroll").forEach((frame) => {
  if (frame.scrollWidth > frame.clientWidth) frame.tabIndex = 0; else frame.removeAttribute("tabindex");
});
scrolls();
addEventListener("resize", scrolls);
document.addEventListener("htmx:afterSwap", scrolls);

// A part of the page that is replaced gives the keyboard back where it was, and leaves unfolded what was.
const alike = (element) => {
  const of = ["href", "name", "value", "formaction"].filter((name) => element.hasAttribute(name))
    .map((name) => `[${name}="${CSS.escape(element.getAttribute(name))}"]`).join("");
  return element.localName + of;
};
let kept = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.target;
  const here = document.activeElement;
  const at = (element) => {
    const like = alike(element);
    return { like, at: [...part.querySelectorAll(like)].indexOf(element) };
  };
  kept = {
    id: part.id,
    focus: part !== here && part.contains(here) && !here.id ? at(here) : null,
    open: [...part.querySelectorAll("details[open]")].map(at),
  };
});
document.addEventListener("htmx:afterSettle", () => {
  const part = kept?.id && document.getElementById(kept.id);
  if (!part) return;
  const again = (one) => part.querySelectorAll(one.like)[one.at];
  kept.open.forEach((one) => { const details = again(one); if (details) details.open = true; });
  if (kept.focus && document.activeElement === document.body) again(kept.focus)?.focus({ preventScroll: true });
  kept = null;
});

// Of what changes by itself one line is read out, and only if it says something new.
const news = document.getElementById("news");
const told = new Map();
const tell = () => document.querySelectorAll("[data-announce]").forEach((part) => {
  const says = part.querySelector(part.dataset.announce)?.textContent.trim() ?? "";
  if (news && says && told.has(part.id) && told.get(part.id) !== says) news.textContent = says;
  told.set(part.id, says);
});
tell();
document.addEventListener("htmx:afterSettle", tell);

// When the service does not answer, what is shown stays, and is said to be old until there is news again.
const stale = document.getElementById("stale");
const asksItself = (part) => part.matches("[data-live], [hx-trigger*='every']");
const failed = (part) => {
  if (!asksItself(part)) return;
  if (stale) stale.hidden = false;
  if (part.dataset.live) setTimeout(() => { if (part.isConnected) htmx.trigger(part, "live"); }, 5000);
};
document.addEventListener("htmx:sendError", (event) => failed(event.detail.elt));
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!asksItself(event.detail.elt)) return;
  if (event.detail.xhr.status >= 400) { event.detail.shouldSwap = false; failed(event.detail.elt); }
  else if (stale) stale.hidden = true;
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
  const renew = (wanted) => document.querySelectorAll("[data-live]").forEach((part) => {
    // What somebody is about to read or to write is not taken from under them.
    const busy = part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
    if (!busy && wanted(part.dataset.live)) htmx.trigger(part, "live");
  });
  let events = null;
  const listen = () => {
    if (document.hidden) { events?.close(); events = null; return; }
    if (events) return;
    events = new EventSource(live.dataset.events);
    // The browser asks again by itself, except where it was told no (too many streams).
    events.addEventListener("error", () => {
      if (events?.readyState !== EventSource.CLOSED) return;
      events = null;
      setTimeout(listen, 30000);
    });
    // What happened before the stream was open, nobody told: between the page and the stream, or while the
    // service or this window was away.
    events.addEventListener("open", () => renew(() => true));
    events.addEventListener("changed", (event) => {
      const news = JSON.parse(event.data);
      renew((what) => concerns(what, news));
    });
  };
  document.addEventListener("visibilitychange", listen);
  addEventListener("pagehide", () => { events?.close(); events = null; });
  listen();
}
