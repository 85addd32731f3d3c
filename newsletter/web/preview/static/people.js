// Fetches what a <details data-fetch> holds when it is opened, and forgets it when it is closed.
"use strict";

(() => {
  document.querySelectorAll("details[data-fetch]").forEach((details) => {
    const place = details.querySelector(".fetched");
    const before = place.innerHTML;
    details.addEventListener("toggle", async () => {
      if (!details.open) {
        place.innerHTML = before;
        return;
      }
      const answer = await fetch(details.dataset.fetch, { cache: "no-store" }).catch(() => null);
      if (answer?.ok && details.open) place.innerHTML = await answer.text();
    });
  });
})();
