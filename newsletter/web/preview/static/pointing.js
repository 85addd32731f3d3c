// A click on a text of a translated edition leads to its translation.  The frame runs no script;
// we listen from outside, and tell the studio the block and the words that were clicked.
"use strict";

(() => {
  const panes = document.getElementById("panes");
  if (!panes) return;
  const LONGEST = 400; // characters of a text that are needed to know it again
  const translated = panes.dataset.translated.split(" ").filter(Boolean);
  const TEXTS = "p, li, h1, h2, h3, h4, blockquote, td, th, a, div";

  function place(frame, element, fallback) {
    let found = null;
    for (const anchor of frame.querySelectorAll("a[data-block]")) {
      if (!(anchor.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
      found = anchor;
    }
    return { block: found?.dataset.block ?? "", locale: found?.dataset.locale || fallback };
  }

  function onClick(event, pane) {
    const text = event.target.closest?.(TEXTS);
    const link = event.target.closest?.("a[href]");
    if (!text || !text.textContent.trim() || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!pane.contentDocument.getSelection().isCollapsed) return; // somebody copies
    const { block, locale } = place(pane.contentDocument, text, pane.closest(".pane").dataset.locale);
    if (!translated.includes(locale)) return;
    if (link) event.preventDefault();
    const said = text.textContent.trim().slice(0, LONGEST);
    location.assign(`/issues/${encodeURIComponent(panes.dataset.slug)}/translate/${locale}?${new URLSearchParams({ block, text: said })}`);
  }

  function listen(frame) {
    const inside = frame.contentDocument;
    if (!frame.isConnected || !inside?.documentElement || inside.pointing || inside.URL === "about:blank") return;
    inside.pointing = true;
    inside.addEventListener("click", (event) => onClick(event, frame));
    if (translated.includes(frame.closest(".pane").dataset.locale)) inside.documentElement.style.cursor = "text";
  }

  // "load" does not bubble, but can be caught on its way down; frames come and go while one looks.
  panes.addEventListener("load", (event) => { if (event.target.localName === "iframe") listen(event.target); }, true);
  panes.querySelectorAll("iframe").forEach(listen);
})();
