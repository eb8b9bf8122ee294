// Keeps the page up to date: fetches it every few seconds, and while somebody
// types, and replaces the parts marked data-live.
"use strict";
(() => {
  const every = 3000; // milliseconds
  const form = document.getElementById("search");
  const field = form && form.elements.q;
  let timer, asked, shown = field ? field.value : "";

  const address = () => "/" + (field && field.value.trim() ? "?q=" + encodeURIComponent(field.value) : "");

  async function refresh() {
    clearTimeout(timer);
    if (asked) asked.abort();
    const mine = asked = new AbortController();
    const limit = setTimeout(() => mine.abort(), 10000);
    try {
      const answer = await fetch(address(), { signal: mine.signal, cache: "no-store" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const parts = page.querySelectorAll("[data-live]");
      if (parts.length === 0) throw new Error("the answer is not the page");
      for (const part of parts) {
        const here = document.getElementById(part.id);
        if (here && here.innerHTML !== part.innerHTML) here.replaceChildren(...document.adoptNode(part).childNodes);
      }
      document.body.classList.remove("lost");
      if (field && field.value !== shown) {
        shown = field.value;
        history.replaceState(null, "", address());
      }
    } catch (err) {
      if (mine !== asked) return; // a newer request is under way
      document.body.classList.add("lost");
    } finally {
      clearTimeout(limit);
      if (mine === asked) wait(every);
    }
  }

  function wait(ms) {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(refresh, ms);
  }

  document.addEventListener("visibilitychange", () => wait(0));
  if (form) {
    field.addEventListener("input", () => wait(200));
    form.addEventListener("submit", (event) => { event.preventDefault(); refresh(); });
  }
  // A browser does not say that no program opens a cp2p:// link. If the page still has
  // the keys and the eyes of the visitor after a moment, none does.
  const get = document.getElementById("get");
  if (get) document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='cp2p:']");
    if (!link) return;
    setTimeout(() => {
      if (document.hidden || !document.hasFocus()) return;
      document.getElementById("missing").hidden = false;
      get.classList.add("wanted");
      get.scrollIntoView({ block: "start" });
    }, 1500);
  });
  document.documentElement.dataset.live = "on";
  wait(every);
})();
