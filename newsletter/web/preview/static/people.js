// Fetches what a <details data-fetch> holds when it is opened, and forgets it when it is closed.
// It listens to the whole page: a part of it may be replaced meanwhile (live.js).
"use strict";

const before = new WeakMap(); // what stands there while nothing is fetched

document.addEventListener("toggle", async ({ target: details }) => {
  if (!details.dataset.fetch) return;
  const place = details.querySelector(".fetched");
  if (!before.has(place)) before.set(place, place.innerHTML);
  if (!details.open) {
    place.innerHTML = before.get(place);
    return;
  }
  const answer = await fetch(details.dataset.fetch, { cache: "no-store" }).catch(() => null);
  if (answer?.ok && details.open) place.innerHTML = await answer.text();
}, true);
