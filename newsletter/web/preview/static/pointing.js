// A tap on a text of a translated edition leads to its translation.  The frame runs no script; we listen from
// outside, and tell the studio the block and the words that were tapped.  Safari calls no listener in a frame
// without scripts, not even one of ours: there, a pane of glass over the mail is tapped instead.
"use strict";

(() => {
  const panes = document.getElementById("panes");
  const translated = panes?.dataset.translated.split(" ").filter(Boolean) ?? [];
  if (!translated.length) return;
  const LONGEST = 400; // characters of a text that are needed to know it again
  const STILL = 8; // pixels that a finger may move in a tap
  const TEXTS = "p, li, h1, h2, h3, h4, blockquote, td, th, a, div";

  function place(inside, element, fallback) {
    let found = null;
    for (const anchor of inside.querySelectorAll("a[data-block]")) {
      if (!(anchor.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
      found = anchor;
    }
    return { block: found?.dataset.block ?? "", locale: found?.dataset.locale || fallback };
  }

  // Where the translation of an element's text is; "" if it has none.
  function address(frame, element) {
    const text = element?.closest?.(TEXTS);
    const said = text?.textContent.trim().slice(0, LONGEST);
    if (!said) return "";
    const { block, locale } = place(frame.contentDocument, text, frame.closest(".pane").dataset.locale);
    if (!translated.includes(locale)) return "";
    return `/issues/${encodeURIComponent(panes.dataset.slug)}/translate/${locale}?${new URLSearchParams({ block, text: said })}`;
  }

  const modified = (event) => event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;

  // Pointer events, since a click on what is no link is none everywhere.
  function onTap(target, find) {
    let from = null;
    target.addEventListener("pointerdown", (event) => { from = event.isPrimary && event.button === 0 ? event : null; });
    target.addEventListener("pointercancel", () => { from = null; }); // it became a scroll
    target.addEventListener("pointerup", (event) => {
      const still = from && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) < STILL;
      from = null;
      if (!still || modified(event)) return;
      const found = find(event);
      if (found) location.assign(found);
    });
  }

  function listen(frame) {
    const inside = frame.contentDocument;
    if (!frame.isConnected || !inside?.documentElement || inside.pointing || inside.URL === "about:blank") return;
    inside.pointing = true;
    const copies = () => !inside.getSelection().isCollapsed;
    onTap(inside, (event) => (copies() ? "" : address(frame, event.target)));
    // The same tap is a click on a link, too; it shall not lead elsewhere.
    inside.addEventListener("click", (event) => {
      if (event.target.closest?.("a[href]") && !modified(event) && address(frame, event.target)) event.preventDefault();
    });
    const mine = translated.includes(frame.closest(".pane").dataset.locale);
    if (mine) inside.documentElement.style.cursor = "pointer";
    let heard = false;
    inside.addEventListener("studio:probe", () => { heard = true; }, { once: true });
    inside.dispatchEvent(new Event("studio:probe"));
    if (mine && !heard) glaze(frame);
  }

  function glaze(frame) {
    const sheet = frame.parentElement;
    if (sheet.querySelector(".glass")) return;
    const glass = document.createElement("div");
    glass.className = "glass";
    onTap(glass, (event) => {
      const now = sheet.querySelector("iframe:not([data-waiting])");
      const { left, top } = now.getBoundingClientRect();
      const scale = Number(now.closest(".pane").dataset.scale) || 1;
      return address(now, now.contentDocument.elementFromPoint((event.clientX - left) / scale, (event.clientY - top) / scale));
    });
    sheet.append(glass);
  }

  // "load" does not bubble, but can be caught on its way down; frames come and go while one looks.
  panes.addEventListener("load", (event) => { if (event.target.localName === "iframe") listen(event.target); }, true);
  panes.querySelectorAll("iframe").forEach(listen);
})();
