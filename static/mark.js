// Marking faces: frames drawn over the picture fill in the number fields, and the fields move the frames. Without this
// file the fields alone do the same. Styles are set through the object model, which a strict policy for contents allows.
const form = document.getElementById("mark");
const canvas = form.querySelector(".desk-canvas");
const list = document.getElementById("boxes");
const total = form.querySelector("[name=box-TOTAL_FORMS]");
const most = Number(form.querySelector("[name=box-MAX_NUM_FORMS]").value);
const size = { x: Number(form.dataset.width), y: Number(form.dataset.height) };
const SIDES = ["left", "top", "right", "bottom"];
const LEAST = 16;

const picture = document.createElement("img");
picture.src = canvas.dataset.picture;
picture.alt = canvas.dataset.alt;
picture.draggable = false;
canvas.append(picture);
for (const hidden of form.querySelectorAll(".desk-canvas, .desk-drawing, [data-clear]")) hidden.hidden = false;

const inputs = (box) => SIDES.map((side) => box.querySelector(`[name$="-${side}"]`));
const numbers = (box) => inputs(box).map((input) => (input.value === "" ? NaN : Number(input.value)));
const isEmpty = (box) => inputs(box).every((input) => input.value === "");

function show(box) {
  const [left, top, right, bottom] = numbers(box);
  const drawn = right > left && bottom > top;
  if (!box.frame) {
    box.frame = document.createElement("div");
    box.frame.className = "desk-frame";
    canvas.append(box.frame);
  }
  box.frame.hidden = !drawn;
  if (!drawn) return;
  const percent = (number, whole) => `${(100 * number) / whole}%`;
  box.frame.style.left = percent(left, size.x);
  box.frame.style.top = percent(top, size.y);
  box.frame.style.width = percent(right - left, size.x);
  box.frame.style.height = percent(bottom - top, size.y);
}

function write(box, values) {
  inputs(box).forEach((input, at) => (input.value = values ? values[at] : ""));
  show(box);
}

function freeBox() {
  const boxes = [...list.children];
  const free = boxes.find(isEmpty);
  if (free || boxes.length >= most) return free;
  const added = document.getElementById("one-more").content.firstElementChild.cloneNode(true);
  for (const part of added.querySelectorAll("[name], [for]")) {
    for (const name of ["name", "id", "for"]) {
      if (part.hasAttribute(name)) part.setAttribute(name, part.getAttribute(name).replace("__prefix__", boxes.length));
    }
  }
  added.querySelector("[data-clear]").hidden = false;
  list.append(added);
  total.value = boxes.length + 1;
  return added;
}

let start = null;
let current = null;

function place(event) {
  const area = picture.getBoundingClientRect();
  const inside = (number, whole) => Math.round(Math.min(1, Math.max(0, number)) * whole);
  return { x: inside((event.clientX - area.left) / area.width, size.x), y: inside((event.clientY - area.top) / area.height, size.y) };
}

function drawTo(end) {
  write(current, [Math.min(start.x, end.x), Math.min(start.y, end.y), Math.max(start.x, end.x), Math.max(start.y, end.y)]);
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !event.isPrimary) return;
  current = freeBox();
  if (!current) return;
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  start = place(event);
});
canvas.addEventListener("pointermove", (event) => {
  if (start) drawTo(place(event));
});
function finish(event) {
  if (!start) return;
  const end = place(event);
  const large = Math.min(Math.abs(end.x - start.x), Math.abs(end.y - start.y)) >= LEAST;
  if (event.type === "pointerup" && large) drawTo(end);
  else write(current, null); // A tap, or a drawing that was broken off.
  start = null;
}
canvas.addEventListener("pointerup", finish);
canvas.addEventListener("pointercancel", finish);

list.addEventListener("input", (event) => show(event.target.closest("fieldset")));
list.addEventListener("click", (event) => {
  if (event.target.closest("[data-clear]")) write(event.target.closest("fieldset"), null);
});
for (const box of list.children) show(box);
