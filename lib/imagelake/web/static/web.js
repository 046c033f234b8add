// Drop, paste and choose; filters at once; arrow keys in a grid. Every page works without this as well.
"use strict";

const ask = document.querySelector("[data-ask]");
const LARGEST_BYTES = Number(ask?.dataset.largest ?? Infinity);

function say(text, wrong = false) {
  for (const place of document.querySelectorAll("[data-said]")) {
    place.textContent = text;
    place.classList.toggle("wrong", wrong);
  }
}

function send(form) {
  form.classList.add("busy");
  say("Looking…");
  form.submit();
}

function searchBy(files) {
  const photo = [...files].find((file) => file.type.startsWith("image/"));
  if (!photo) {
    say("That is no image.", true);
  } else if (photo.size > LARGEST_BYTES) {
    say(`A photo may have ${Math.floor(LARGEST_BYTES / 1e6)} MB at most.`, true);
  } else {
    const chosen = new DataTransfer();
    chosen.items.add(photo);
    ask.elements.photo.files = chosen.files;
    send(ask);
  }
}

function searchAt(address) {
  if (/^https?:\/\/\S+$/.test(address)) {
    ask.elements.photo.value = "";
    ask.elements.url.value = address;
    send(ask);
  }
}

if (ask) {
  ask.elements.photo.addEventListener("change", () => searchBy(ask.elements.photo.files));
  ask.addEventListener("submit", () => ask.classList.add("busy"));
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) {
      event.preventDefault();
      searchBy(event.clipboardData.files);
    } else if (!event.target.closest("input")) {
      searchAt(event.clipboardData.getData("text").trim());
    }
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    ask.classList.add("dragging");
  });
  document.addEventListener("dragleave", () => ask.classList.remove("dragging"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    ask.classList.remove("dragging");
    if (event.dataTransfer.files.length) {
      searchBy(event.dataTransfer.files);
    } else {
      searchAt(event.dataTransfer.getData("text/uri-list").split("\n")[0].trim());
    }
  });
  // Coming back by the browser's button shows the page as it was left.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    ask.classList.remove("busy");
    say("");
  });
}

// A phone shows the answers first.
if (matchMedia("(max-width: 760px)").matches) {
  for (const box of document.querySelectorAll("[data-narrow]")) box.removeAttribute("open");
}

for (const form of document.querySelectorAll("[data-filters]")) {
  form.addEventListener("change", () => form.requestSubmit());
  // Links are shorter without what says nothing.
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) {
      if (value === "" || (name === "mode" && value === "similar")) event.formData.delete(name);
    }
  });
}

for (const field of document.querySelectorAll("[data-find]")) {
  const rows = document.getElementById(field.dataset.find).tBodies[0].rows;
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase();
    for (const row of rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
  });
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "/" && !typing && ask) {
    event.preventDefault();
    ask.closest("details")?.setAttribute("open", "");
    ask.elements.url.focus();
  }
  const grid = event.target.closest("[data-grid]");
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 0, ArrowUp: 0 }[event.key];
  if (!grid || step === undefined) return;
  const links = [...grid.querySelectorAll("a.again")];
  const here = links.indexOf(event.target.closest("a.again"));
  if (here < 0) return;
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const next = links[here + (step || (event.key === "ArrowDown" ? columns : -columns))];
  if (next) {
    event.preventDefault();
    next.focus();
  }
});
