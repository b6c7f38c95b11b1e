// The review without loading pages: links and forms marked with data-stay ask the server for #review alone, and what
// comes takes its place. Each picture given out is written down as a look at it, so each is fetched once and kept.
// Without this file the same links and forms load pages.
const desk = document.getElementById("reviewing");
const said = document.getElementById("said");
const problem = document.getElementById("problem");
const keys = document.getElementById("keys");
const pictures = new Map();
const KEPT = 200;
const SIZES = [1, 1.5, 2, 3, 4];
const OFF = "desk-keys-off";
let size = 0;
let busy = false;

const review = () => document.getElementById("review");
const stages = () => [...document.querySelectorAll(".desk-stage")];

function picture(address) {
  const known = pictures.get(address);
  if (known && !(known.complete && known.naturalWidth === 0)) return known;
  const fetched = new Image();
  fetched.src = address;
  pictures.set(address, fetched);
  if (pictures.size > KEPT) pictures.delete(pictures.keys().next().value);
  return fetched;
}

function show(text) {
  const parsed = new DOMParser().parseFromString(text, "text/html").getElementById("review");
  if (!parsed) return location.reload();
  // Nothing is fetched before it is known what was fetched already.
  for (const image of parsed.querySelectorAll("img")) {
    image.dataset.address = image.getAttribute("src");
    image.removeAttribute("src");
  }
  const before = review();
  const came = document.adoptNode(parsed);
  const held = before.contains(document.activeElement) ? (document.activeElement.dataset.key ?? "") : null;
  const [seen] = stages();
  const place = seen && [seen.scrollLeft, seen.scrollTop];
  for (const image of came.querySelectorAll("img")) {
    const kept = picture(image.dataset.address);
    kept.alt = image.alt;
    image.replaceWith(kept);
  }
  before.replaceWith(came);
  history.replaceState(null, "", came.dataset.address);
  arrange(place);
  if (held !== null) (came.querySelector(`[data-key="${held || "none"}"]`) ?? came).focus({ preventScroll: true });
  said.textContent = came.dataset.said;
  fetchAhead(came);
}

// The next picture, once those before the eyes are there: one, because it counts as looked at.
function fetchAhead(part) {
  const shown = [...part.querySelectorAll("img")].map((image) => image.decode());
  Promise.allSettled(shown).then(() => {
    if (part === review() && part.dataset.ahead) picture(part.dataset.ahead);
  });
}

function tell(text) {
  problem.textContent = text;
  if (text) problem.scrollIntoView({ block: "nearest" });
}

async function ask(address, body) {
  if (busy) return; // A second key does not judge a hit that nobody has seen.
  busy = true;
  tell("");
  review().setAttribute("aria-busy", "true");
  let answer, text;
  try {
    const options = { method: body ? "POST" : "GET", body, headers: { "X-Requested-With": "fetch" }, redirect: "manual" };
    answer = await fetch(address, options);
    text = await answer.text();
  } catch {
    answer = null;
  }
  busy = false;
  review().removeAttribute("aria-busy");
  if (!answer || answer.status >= 500) tell(desk.dataset.failed);
  else if (answer.ok) show(text);
  else if (answer.headers.get("Content-Type") === "application/json") tell(JSON.parse(text).problem);
  else location.reload(); // Signed out, or a role was taken: the page itself says so.
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#review a[data-stay]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    ask(link.href);
  }
  const button = event.target.closest("#review [data-zoom]");
  if (button) enlarge(Number(button.dataset.zoom));
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("#review form[data-stay]")) return;
  event.preventDefault();
  ask(event.target.action, new FormData(event.target, event.submitter));
});

// --- both pictures, enlarged alike -----------------------------------------------------------------------------------

function enlarge(by) {
  const [seen] = stages();
  const centre = seen && [
    (seen.scrollLeft + seen.clientWidth / 2) / seen.scrollWidth,
    (seen.scrollTop + seen.clientHeight / 2) / seen.scrollHeight,
  ];
  size = by ? Math.min(Math.max(size + by, 0), SIZES.length - 1) : 0;
  arrange();
  if (seen) {
    move(seen.scrollWidth * centre[0] - seen.clientWidth / 2, seen.scrollHeight * centre[1] - seen.clientHeight / 2);
  }
}

function arrange(place) {
  desk.style.setProperty("--zoom", SIZES[size]);
  for (const percent of document.querySelectorAll(".desk-percent")) percent.textContent = 100 * SIZES[size];
  for (const stage of stages()) {
    stage.classList.toggle("desk-large", size > 0);
    if (size) stage.tabIndex = 0; // Arrows move what is larger than its frame.
    else stage.removeAttribute("tabindex");
    if (place) stage.scrollTo(...place);
  }
}

function move(x, y) {
  for (const stage of stages()) stage.scrollTo(x, y);
}

document.addEventListener("scroll", ({ target }) => {
  if (!target.matches?.(".desk-stage")) return;
  for (const stage of stages()) if (stage !== target) stage.scrollTo(target.scrollLeft, target.scrollTop);
}, true);

document.addEventListener("pointerdown", (event) => {
  const stage = event.target.closest?.(".desk-large");
  if (!stage || event.pointerType === "touch" || event.button !== 0) return;
  const start = [stage.scrollLeft + event.clientX, stage.scrollTop + event.clientY];
  const drag = (moved) => move(start[0] - moved.clientX, start[1] - moved.clientY);
  stage.setPointerCapture(event.pointerId);
  stage.addEventListener("pointermove", drag);
  stage.addEventListener("lostpointercapture", () => stage.removeEventListener("pointermove", drag), { once: true });
});
document.addEventListener("dragstart", (event) => {
  if (event.target.closest?.(".desk-stage")) event.preventDefault();
});

// --- keys, which can be switched off ---------------------------------------------------------------------------------

function remembered(write) {
  try {
    if (write !== undefined) localStorage.setItem(OFF, write);
    return localStorage.getItem(OFF) === "yes";
  } catch {
    return write === "yes"; // A browser that keeps nothing.
  }
}

function switchKeys(off) {
  keys.checked = !off;
  document.documentElement.classList.toggle(OFF, off);
}
keys.addEventListener("change", () => switchKeys(remembered(keys.checked ? "no" : "yes")));
keys.closest("[hidden]").hidden = false;
switchKeys(remembered());
document.documentElement.classList.add("desk-scripted");
for (const image of review().querySelectorAll("img")) pictures.set(image.getAttribute("src"), image);
arrange();
fetchAhead(review());
