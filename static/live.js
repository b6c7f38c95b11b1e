/* The camera of the live photo check, and of the form. Without this file, or without a camera, a file is chosen. */

const form = document.querySelector("[data-camera]");
const atOnce = form.dataset.camera === "live"; // Opened with the page, and sent as soon as it is taken.
const video = form.querySelector("video");
const shoot = document.getElementById("shoot");
const start = form.querySelector(".camera-start");
const count = form.querySelector(".camera-count");
const LONGEST = 1200; // Pixels of the longer side: enough for a face at arm's length.
const SECONDS = 3;
const possible = Boolean(navigator.mediaDevices?.getUserMedia);

async function open() {
  if (!possible) return;
  show(true); // At once: what moves after the first look is what a thumb misses.
  shoot.disabled = true;
  try {
    const wanted = { video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } }, audio: false };
    video.srcObject = await navigator.mediaDevices.getUserMedia(wanted);
    await video.play();
  } catch {
    show(false);
    form.querySelector(".camera-refused").hidden = false;
    return;
  }
  shoot.disabled = false;
  shoot.focus();
}

function show(camera) {
  for (const part of form.querySelectorAll(".camera")) part.hidden = !camera;
  document.getElementById("without-camera").hidden = camera;
  if (start) start.hidden = camera;
}

function close() {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
}

// The preview is mirrored by the style sheet, as people know themselves; the picture itself is not.
function picture() {
  const scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}

const second = () => new Promise((resolve) => setTimeout(resolve, 1000));

async function take() {
  shoot.disabled = true;
  for (let left = SECONDS; left > 0; left -= 1) {
    count.textContent = String(left);
    await second();
  }
  count.textContent = shoot.dataset.ready;
  const blob = video.srcObject.active && (await picture());
  shoot.disabled = Boolean(blob) && atOnce;
  if (!blob) return;
  const files = new DataTransfer();
  files.items.add(new File([blob], "frame.jpg", { type: "image/jpeg" }));
  const field = form.elements.photo;
  field.files = files.files;
  close();
  count.textContent = shoot.dataset.done;
  if (atOnce) return form.submit();
  back();
  field.dispatchEvent(new Event("change", { bubbles: true })); // It is shown like a file that was chosen.
}

function back() {
  close();
  show(false);
  form.elements.photo.focus();
}

shoot.addEventListener("click", take);
window.addEventListener("pagehide", close);
if (atOnce) {
  open();
} else if (possible) {
  start.hidden = false;
  start.querySelector("button").addEventListener("click", open);
  form.querySelector(".camera-stop").addEventListener("click", back);
}
