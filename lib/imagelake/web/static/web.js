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

for (const button of document.querySelectorAll("[data-box]")) {
  const box = document.getElementById(button.dataset.box);
  for (const event of ["mouseenter", "focus"]) button.addEventListener(event, () => box?.classList.add("lit"));
  for (const event of ["mouseleave", "blur"]) button.addEventListener(event, () => box?.classList.remove("lit"));
}

// A part of the picture is marked by dragging over it while its form is open.
const part = document.querySelector("[data-crop]");
const picture = document.querySelector("[data-picture]");
if (part && picture) {
  const image = picture.querySelector("img");
  const opened = part.closest("details");
  let start = null;
  const mark = document.createElement("div");
  mark.className = "selection";
  part.querySelector("[data-how]").textContent = "Drag over the picture to mark a part, or give left, top, right and bottom in percent.";
  const show = () => {
    const [left, top, right, bottom] = part.elements.box.value.split(",").map(Number);
    const [inner, outer] = [image.getBoundingClientRect(), picture.getBoundingClientRect()];
    mark.style.left = `${inner.left - outer.left + (left / 100) * inner.width}px`;
    mark.style.top = `${inner.top - outer.top + (top / 100) * inner.height}px`;
    mark.style.width = `${((right - left) / 100) * inner.width}px`;
    mark.style.height = `${((bottom - top) / 100) * inner.height}px`;
  };
  const at = (event) => {
    const inner = image.getBoundingClientRect();
    const share = (value, low, size) => Math.min(100, Math.max(0, (100 * (value - low)) / size));
    return [share(event.clientX, inner.left, inner.width), share(event.clientY, inner.top, inner.height)];
  };
  opened?.addEventListener("toggle", () => {
    picture.classList.toggle("selecting", opened.open);
    if (opened.open) {
      picture.append(mark);
      show();
    } else {
      mark.remove();
    }
  });
  part.elements.box.addEventListener("input", show);
  picture.addEventListener("pointerdown", (event) => {
    if (!opened.open) return;
    event.preventDefault();
    start = at(event);
    picture.setPointerCapture(event.pointerId);
  });
  picture.addEventListener("pointermove", (event) => {
    if (!start) return;
    const end = at(event);
    const edges = [Math.min(start[0], end[0]), Math.min(start[1], end[1]), Math.max(start[0], end[0]), Math.max(start[1], end[1])];
    part.elements.box.value = edges.map((edge) => edge.toFixed(1)).join(",");
    show();
  });
  picture.addEventListener("pointerup", () => { start = null; });
  picture.addEventListener("dragstart", (event) => event.preventDefault());
  picture.addEventListener("click", (event) => { if (opened.open) event.preventDefault(); });
}

// The map shows the picture of a point; the wheel and dragging move the view.
const map = document.querySelector("[data-map]");
if (map) {
  const [drawing, peek] = [map.querySelector("svg"), map.querySelector("[data-peek]")];
  const whole = drawing.getAttribute("viewBox").split(" ").map(Number);
  let view = [...whole];
  const look = (x, y, width) => {
    const side = Math.min(whole[2], Math.max(whole[2] / 40, width));
    view = [Math.min(whole[0] + whole[2] - side, Math.max(whole[0], x)), Math.min(whole[1] + whole[3] - side, Math.max(whole[1], y)), side, side];
    drawing.setAttribute("viewBox", view.join(" "));
    for (const dot of drawing.querySelectorAll("circle")) dot.setAttribute("r", (dot.classList.contains("found") ? 7 : 5) * Math.sqrt(side / whole[2]));
  };
  const meant = (event) => event.target.closest("a[data-thumbnail]");
  const show = (link) => {
    const [dot, frame] = [link.querySelector("circle").getBoundingClientRect(), map.getBoundingClientRect()];
    const image = peek.querySelector("img") ?? peek.insertBefore(document.createElement("img"), peek.firstChild);
    image.alt = "";
    image.src = link.dataset.thumbnail;
    peek.querySelector("figcaption").textContent = link.getAttribute("aria-label");
    peek.hidden = false;
    const left = dot.right - frame.left + 8;
    peek.style.left = `${left + 150 > frame.width ? dot.left - frame.left - 158 : left}px`;
    peek.style.top = `${Math.max(4, Math.min(dot.top - frame.top - 40, frame.height - 190))}px`;
  };
  drawing.addEventListener("pointerover", (event) => { const link = meant(event); if (link) show(link); });
  drawing.addEventListener("focusin", (event) => { const link = meant(event); if (link) show(link); });
  drawing.addEventListener("pointerout", () => { peek.hidden = true; });
  drawing.addEventListener("wheel", (event) => {
    event.preventDefault();
    const frame = drawing.getBoundingClientRect();
    const [across, down] = [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
    const width = view[2] * (event.deltaY > 0 ? 1.25 : 0.8);
    look(view[0] + across * (view[2] - width), view[1] + down * (view[3] - width), width);
  }, { passive: false });
  let held = null;
  let moved = false;
  drawing.addEventListener("pointerdown", (event) => { held = [event.clientX, event.clientY, ...view]; moved = false; });
  drawing.addEventListener("pointermove", (event) => {
    if (!held || !event.buttons || event.pointerType === "touch") return;
    const scale = view[2] / drawing.getBoundingClientRect().width;
    moved ||= Math.hypot(event.clientX - held[0], event.clientY - held[1]) > 4;
    look(held[2] - (event.clientX - held[0]) * scale, held[3] - (event.clientY - held[1]) * scale, view[2]);
  });
  drawing.addEventListener("pointerup", () => { held = null; });
  drawing.addEventListener("click", (event) => { if (moved) event.preventDefault(); });
  drawing.addEventListener("dragstart", (event) => event.preventDefault());
}

for (const form of document.querySelectorAll("#export")) {
  const said = form.querySelector("[data-chosen]");
  const before = said.textContent;
  document.addEventListener("change", (event) => {
    if (event.target.form !== form) return;
    const chosen = document.querySelectorAll("input[form=export]:checked").length;
    said.textContent = chosen ? `Take along the ${chosen} ticked:` : before;
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
