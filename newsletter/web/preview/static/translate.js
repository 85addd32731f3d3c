// The form of one message: checks while it is written, keys, taking over what was translated before,
// and a word when another program changes the same message meanwhile.
"use strict";

(() => {
  const form = document.getElementById("work");
  if (!form) return;
  const PAUSE = 350; // milliseconds without a key after which the checks are asked
  const text = document.getElementById("text");
  const remarks = document.getElementById("remarks");
  const length = document.getElementById("length");
  const unsure = form.elements.unsure;
  const begun = [text.value, unsure.checked];
  let waiting = 0;
  let asked = 0;
  let leaving = false;

  const dirty = () => text.value !== begun[0] || unsure.checked !== begun[1];

  async function check() {
    const number = ++asked;
    const body = new URLSearchParams({ key: form.elements.key.value, text: text.value });
    try {
      const answer = await fetch(form.dataset.check, { method: "POST", body });
      if (!answer.ok || number !== asked) return;
      const html = await answer.text();
      if (remarks.innerHTML.trim() !== html.trim()) remarks.innerHTML = html;
      form.dataset.checked = text.value;
    } catch (error) {
      // the studio is away; the page says so already
    }
  }

  function count() {
    const limit = Number(length.dataset.limit);
    if (!limit) return;
    const used = [...text.value].length;
    length.textContent = `${used} / ${limit}`;
    length.classList.toggle("over", used > limit);
  }

  function written() {
    count();
    clearTimeout(waiting);
    waiting = setTimeout(check, PAUSE);
  }

  function go(id) {
    const link = document.getElementById(id);
    if (link) location.assign(link.href);
  }

  text.addEventListener("input", written);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[name=then][value=next]"));
    } else if (event.altKey && event.key === "ArrowDown") {
      event.preventDefault();
      go("following");
    } else if (event.altKey && event.key === "ArrowUp") {
      event.preventDefault();
      go("previous");
    }
  });
  document.querySelectorAll("[data-take]").forEach((button) => button.addEventListener("click", () => {
    text.value = button.dataset.take;
    text.focus();
    written();
  }));
  form.addEventListener("submit", () => { leaving = true; });
  addEventListener("beforeunload", (event) => { if (!leaving && dirty()) event.preventDefault(); });
  document.addEventListener("studio:refreshed", () => {
    const now = document.querySelector("#stand [data-print]")?.dataset.print;
    if (!now || now === form.elements.print.value) {
      document.getElementById("changed").hidden = true;
    } else if (dirty() || document.getElementById("theirs")) {
      document.getElementById("changed").hidden = false;
    } else {
      location.replace(location.href);
    }
  });
  if (text.value !== text.defaultValue) written(); // the browser kept it over a reload
  text.setSelectionRange(text.value.length, text.value.length);
  document.querySelector(".message[aria-current]")?.scrollIntoView({ block: "nearest" });
  count();
  form.dataset.ready = "yes";
})();
