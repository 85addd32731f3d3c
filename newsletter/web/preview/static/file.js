// Marks the line of a file that the address names (#L12), and puts it in the middle of the window.
"use strict";

(() => {
  function mark() {
    document.querySelectorAll(".line.here").forEach((line) => line.classList.remove("here"));
    const line = /^#L\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
    if (!line) return null;
    line.classList.add("here");
    return line;
  }

  function show() {
    mark()?.scrollIntoView({ block: "center" });
  }

  addEventListener("hashchange", show);
  document.addEventListener("studio:refreshed", mark);
  show();
})();
