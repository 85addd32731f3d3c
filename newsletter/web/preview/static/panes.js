// The editions of an issue side by side: their width, their look, and scrolling them together.
//
// Each mail stands in a frame that runs no script and is as high as its page, so
// that what scrolls is an element of ours.  The frames are of the same origin, and
// we read from them where each block begins: the anchors that only the preview has.
"use strict";

(() => {
  const panes = document.getElementById("panes");
  if (!panes) return;
  const KEY = "studio-panes";
  const MIN = 280;
  const MAX = 1280;
  const PICTURES = 500; // milliseconds after a change in which its pictures come
  const stored = () => { try { return JSON.parse(localStorage.getItem(KEY)) || {}; } catch { return {}; } };
  const state = { width: 390, look: "light", together: true, hidden: null, ...stored() };
  const all = [...panes.querySelectorAll(".pane")];
  const get = (id) => document.getElementById(id);
  const keep = () => { try { localStorage.setItem(KEY, JSON.stringify(state)); } catch { /* private window */ } };
  const frameOf = (pane) => pane.querySelector("iframe:not([data-waiting])");
  const scrollerOf = (pane) => pane.querySelector(".scroller");
  const shown = () => all.filter((pane) => !pane.hidden && frameOf(pane));

  // Sizes

  function fit(pane) {
    const frame = frameOf(pane);
    const page = frame?.contentDocument?.documentElement;
    if (!page || pane.hidden) return;
    const scroller = scrollerOf(pane);
    const room = scroller.clientWidth - 2 * parseFloat(getComputedStyle(scroller).paddingInlineStart);
    const scale = Math.min(1, room / state.width);
    frame.style.width = `${state.width}px`;
    frame.style.height = "1px"; // a page is at least as high as its window, so it is measured in a low one
    const height = page.scrollHeight;
    frame.style.height = `${height}px`;
    frame.style.transform = scale < 1 ? `scale(${scale})` : "";
    const sheet = frame.parentElement;
    sheet.style.width = `${state.width * scale}px`;
    sheet.style.height = `${height * scale}px`;
    const places = [...frame.contentDocument.querySelectorAll("a[data-block]")].map((anchor) => [
      `${anchor.dataset.locale === pane.dataset.locale ? "" : anchor.dataset.locale}/${anchor.dataset.block}`,
      anchor.getBoundingClientRect().top * scale + sheet.offsetTop,
    ]);
    pane.places = new Map(places);
    pane.scale = scale;
    pane.dataset.scale = scale.toFixed(2);
  }

  function fitAll() {
    // What was at the top stays there, whatever grew above it.
    const lead = shown()[0];
    const before = lead && lead.places ? whereIs(lead) : null;
    shown().forEach(fit);
    if (before && lead) goTo(lead, before);
    if (state.together && lead) follow(lead);
  }

  // Scrolling.  Blocks meet at a line across the panes.  It lies a good way below their upper edge; near the
  // beginning it comes down from that edge, and near the end it goes on to the lower one, so that both ends meet too.

  const LINE = 0.3; // of the height of a pane

  // Corners of the line's way: how far is scrolled, and where in the page the line is then.
  function way(pane) {
    const { clientHeight: height, scrollHeight } = scrollerOf(pane);
    const most = Math.max(1, scrollHeight - height);
    if (most < height) return [[0, 0], [most, scrollHeight]];
    const [begin, end] = [LINE * height, most - (1 - LINE) * height];
    return [[0, 0], [begin, 2 * begin], [end, end + begin], [most, scrollHeight]];
  }

  // What stands opposite ``value`` on a way of corners, from one side (0 or 1) to the other.
  function along(corners, value, side) {
    const next = corners.findIndex((corner) => corner[side] > value);
    if (next === 0) return corners[0][1 - side];
    if (next < 0) return corners[corners.length - 1][1 - side];
    const [from, to] = [corners[next - 1], corners[next]];
    const share = (value - from[side]) / (to[side] - from[side]);
    return from[1 - side] + share * (to[1 - side] - from[1 - side]);
  }

  function common(one, other) {
    const pairs = [[0, 0]];
    for (const [block, place] of one.places || []) {
      if (other.places?.has(block)) pairs.push([place, other.places.get(block)]);
    }
    pairs.push([scrollerOf(one).scrollHeight, scrollerOf(other).scrollHeight]);
    return pairs.sort((a, b) => a[0] - b[0]);
  }

  function follow(lead) {
    const line = along(way(lead), scrollerOf(lead).scrollTop, 0);
    for (const pane of shown()) {
      if (pane !== lead) move(pane, along(way(pane), along(common(lead, pane), line, 0), 1));
    }
  }

  function move(pane, top) {
    const scroller = scrollerOf(pane);
    scroller.scrollTop = top;
    pane.expected = scroller.scrollTop; // its scroll event is our own doing
  }

  function onScroll(pane) {
    if (Math.abs(scrollerOf(pane).scrollTop - (pane.expected ?? -9)) < 2) return;
    pane.expected = undefined;
    if (state.together) follow(pane);
  }

  // The block at the upper edge, and how far it is scrolled past.
  function whereIs(pane) {
    const top = scrollerOf(pane).scrollTop;
    let found = ["", 0];
    for (const entry of pane.places) if (entry[1] <= top + 1) found = entry;
    return { block: found[0], past: top - found[1] };
  }

  function goTo(pane, { block, past }) {
    move(pane, (pane.places.get(block) ?? 0) + past);
  }

  function toBlock(name) {
    for (const pane of shown()) {
      const place = pane.places?.get(`/${name}`);
      if (place !== undefined) move(pane, place - 8);
    }
  }

  // Frames.  A mail that was saved anew is changed in place, where it differs: nothing flashes, and only that is drawn.
  // In another look, or with pictures from hosts that its frame may not ask, it is loaded behind the old one and takes
  // its place when it is there.

  async function renew(pane, { version, hosts }) {
    const frame = frameOf(pane);
    frame.dataset.version = version;
    const asItIs = frame.dataset.hosts === hosts && frame.contentDocument?.readyState === "complete";
    if (!asItIs || pane.querySelector("iframe[data-waiting]")) { load(pane, { version, hosts }); return; }
    const answer = await fetch(frame.src).catch(() => null);
    if (!answer?.ok || frameOf(pane) !== frame || frame.dataset.version !== version) return; // by now it is another
    const reads = new frame.contentWindow.DOMParser(); // the frame's own: by its policy, which allows inline styles
    const [now, next] = [frame.contentDocument, reads.parseFromString(await answer.text(), "text/html")];
    adopt(now.head, next.head);
    adopt(now.body, next.body);
    fitAll();
    setTimeout(fitAll, PICTURES);
    pane.dataset.shown = version;
  }

  function adopt(old, next) {
    if (old.isEqualNode(next)) return;
    const [olds, nexts] = [[...old.childNodes], [...next.childNodes]];
    const alike = olds.length > 0 && olds.length === nexts.length && old.cloneNode().isEqualNode(next.cloneNode());
    if (alike) olds.forEach((child, place) => adopt(child, nexts[place]));
    else old.replaceWith(next);
  }

  function load(pane, { version, hosts }) {
    const old = frameOf(pane);
    if (!old) return;
    const address = new URL(old.src);
    address.searchParams.set("look", state.look);
    address.searchParams.set("v", version);
    if (address.href === old.src) return;
    pane.querySelectorAll("iframe[data-waiting]").forEach((waiting) => waiting.remove());
    const fresh = old.cloneNode();
    Object.assign(fresh.dataset, { waiting: "", version, hosts });
    fresh.src = address.href;
    fresh.addEventListener("load", () => {
      if (!("waiting" in fresh.dataset)) { fitAll(); return; }
      delete fresh.dataset.waiting;
      old.remove();
      pane.dataset.look = state.look;
      fitAll();
      pane.dataset.shown = version;
    });
    old.after(fresh);
  }

  function refreshed() {
    const versions = [...get("versions").children];
    for (const { dataset } of versions) {
      const pane = all.find((candidate) => candidate.dataset.locale === dataset.locale);
      if (!pane || !frameOf(pane)) { location.reload(); return; }
      if (frameOf(pane).dataset.version !== dataset.version) renew(pane, dataset);
    }
  }

  // Controls

  function setWidth(width) {
    state.width = Math.round(Math.min(MAX, Math.max(MIN, width)));
    get("free-width").value = state.width;
    get("width-shown").textContent = `${state.width} px`;
    document.querySelectorAll("[name=width]").forEach((radio) => { radio.checked = Number(radio.value) === state.width; });
    keep();
    fitAll();
  }

  function setLook(look) {
    state.look = look;
    keep();
    all.forEach((pane) => load(pane, frameOf(pane)?.dataset ?? {}));
  }

  function drag(pane, handle) {
    handle.addEventListener("pointerdown", (event) => {
      const [from, width] = [event.clientX, state.width];
      handle.setPointerCapture(event.pointerId);
      const onMove = (moved) => setWidth(width + (2 * (moved.clientX - from)) / (pane.scale || 1));
      handle.addEventListener("pointermove", onMove);
      handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", onMove), { once: true });
      event.preventDefault();
    });
  }

  all.forEach((pane) => {
    if (state.hidden) pane.hidden = state.hidden.includes(pane.dataset.locale);
    scrollerOf(pane).addEventListener("scroll", () => onScroll(pane), { passive: true });
    const frame = frameOf(pane);
    if (!frame) return;
    pane.dataset.shown = frame.dataset.version;
    pane.dataset.look = "light";
    frame.addEventListener("load", fitAll);
    drag(pane, pane.querySelector(".handle"));
  });
  document.querySelectorAll("[name=width]").forEach((radio) => radio.addEventListener("change", () => setWidth(Number(radio.value))));
  document.querySelectorAll("[name=look]").forEach((radio) => {
    radio.checked = radio.value === state.look;
    radio.addEventListener("change", () => setLook(radio.value));
  });
  document.querySelectorAll("[name=shown]").forEach((box) => {
    const pane = all.find((candidate) => candidate.dataset.locale === box.value);
    box.checked = !pane.hidden;
    box.addEventListener("change", () => {
      pane.hidden = !box.checked;
      state.hidden = all.filter((one) => one.hidden).map((one) => one.dataset.locale);
      keep();
      fitAll();
    });
  });
  get("free-width").addEventListener("input", (event) => setWidth(Number(event.target.value)));
  get("together").checked = state.together;
  get("together").addEventListener("change", (event) => { state.together = event.target.checked; keep(); fitAll(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-to-block]");
    if (!link) return;
    event.preventDefault();
    toBlock(link.dataset.toBlock);
  });
  document.addEventListener("studio:refreshed", refreshed);
  new ResizeObserver(fitAll).observe(panes);
  setWidth(state.width);
  if (state.look !== "light") setLook(state.look);
})();
