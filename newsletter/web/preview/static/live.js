// Keeps a page up to date: the studio says that something changed, the page asks
// for its own address again and takes over what stands in [data-live] elements.
// Scrolling, typing and the keyboard's place stay as they are.
"use strict";

(() => {
  const PATIENCE = 1500; // milliseconds without the studio before the page says so
  const FRAMES_FIRST = 250; // milliseconds in which the mails have the studio to themselves
  const topics = (document.body.dataset.liveOn || "").split(" ").filter(Boolean);
  const lost = document.getElementById("lost");
  let asking = false;
  let again = false;
  let patience = 0;
  let later = 0;

  // How to find the focused element again in new content: its id, else its kind and place among its like.
  function bookmark(region) {
    const focused = document.activeElement;
    if (!focused || focused === region || !region.contains(focused)) return () => {};
    const kind = focused.localName;
    const place = [...region.querySelectorAll(kind)].indexOf(focused);
    const { id, scrollTop, scrollLeft } = focused;
    return () => {
      const found = (id && document.getElementById(id)) || region.querySelectorAll(kind)[place];
      if (!found) return;
      found.focus({ preventScroll: true });
      Object.assign(found, { scrollTop, scrollLeft });
    };
  }

  function take(region, html) {
    if (region.dataset.taken === html) return;
    const opened = [...region.querySelectorAll("details")].map((details) => details.open);
    const restore = bookmark(region);
    const first = region.dataset.taken === undefined && region.innerHTML === html;
    region.dataset.taken = html;
    if (first) return;
    region.innerHTML = html;
    const now = region.querySelectorAll("details");
    if (now.length === opened.length) now.forEach((details, place) => { details.open = opened[place]; });
    restore();
  }

  async function piece(place) {
    const answer = await fetch(place.dataset.piece, { headers: { "X-Studio-Piece": "1" } });
    if (answer.ok) take(place, await answer.text());
  }

  async function pieces() {
    await Promise.allSettled([...document.querySelectorAll("[data-piece]")].map(piece));
  }

  async function refresh() {
    if (asking) { again = true; return; }
    asking = true;
    do {
      again = false;
      try {
        const answer = await fetch(location.pathname + location.search, { cache: "no-store" });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (!!page.getElementById("problem") !== !!document.getElementById("problem")) {
          location.reload();
          return;
        }
        const { scrollX, scrollY } = window;
        for (const region of document.querySelectorAll("[data-live]")) {
          const fresh = page.getElementById(region.id);
          if (fresh) take(region, fresh.innerHTML);
        }
        window.scrollTo(scrollX, scrollY);
        document.dispatchEvent(new CustomEvent("studio:refreshed"));
        clearTimeout(later);
        later = setTimeout(pieces, FRAMES_FIRST);
      } catch (error) {
        break; // the studio is away; the stream comes back when it does, and then all is asked for again
      }
    } while (again);
    asking = false;
  }

  function listen() {
    // What was told between the making of this page and now is told again.
    const stream = new EventSource(`/events?since=${document.body.dataset.liveSince}`);
    let broken = false;
    topics.forEach((topic) => stream.addEventListener(topic, refresh));
    stream.addEventListener("open", () => {
      clearTimeout(patience);
      patience = 0;
      lost.hidden = true;
      document.documentElement.dataset.live = "yes";
      if (broken) refresh();
      broken = false;
    });
    stream.addEventListener("error", () => {
      broken = true;
      document.documentElement.dataset.live = "no";
      patience ||= setTimeout(() => { lost.hidden = false; }, PATIENCE);
      if (stream.readyState === EventSource.CLOSED) {
        stream.close();
        setTimeout(listen, PATIENCE);
      }
    });
    addEventListener("pagehide", () => stream.close());
  }

  // A page out of the browser's memory has no stream any more, and is of yesterday.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  listen();
  pieces();
})();
