/* The camera of the live photo check. Without this file, or without a camera, the picture is chosen as a file. */

const form = document.getElementById("live");
const video = form.querySelector("video");
const shoot = document.getElementById("shoot");
const count = form.querySelector(".camera-count");
const LONGEST = 1200; // Pixels of the longer side: enough for a face at arm's length.
const SECONDS = 3;

async function open() {
  if (!navigator.mediaDevices?.getUserMedia) return;
  try {
    const wanted = { video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } }, audio: false };
    video.srcObject = await navigator.mediaDevices.getUserMedia(wanted);
    await video.play();
  } catch {
    form.querySelector(".camera-refused").hidden = false;
    return;
  }
  for (const part of form.querySelectorAll(".camera")) part.hidden = false;
  document.getElementById("without-camera").hidden = true;
  shoot.focus();
  look();
}

// --- hints: what can be seen of light and stillness without any model, and of the face where the browser finds one ---

const SMALL = { width: 64, height: 48 };
const DARK = 60; // Mean grey, of 255.
const BRIGHT = 215;
const MOVED = 12; // Mean difference of two looks.
const SAME_FOR = 2; // Looks after which a hint is said, so that it does not flicker.
const hint = form.querySelector(".camera-hint");
const finder = "FaceDetector" in window ? new window.FaceDetector({ maxDetectedFaces: 2 }) : null;
let before = null;
let seen = { what: "", times: 0 };

function grey() {
  const canvas = Object.assign(document.createElement("canvas"), SMALL);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(video, 0, 0, SMALL.width, SMALL.height);
  const { data } = pen.getImageData(0, 0, SMALL.width, SMALL.height);
  return Float32Array.from({ length: data.length / 4 }, (_, i) => (data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3);
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function ofTheFace() {
  if (!finder) return "";
  try {
    const faces = await finder.detect(video);
    if (faces.length !== 1) return faces.length ? "several" : "none";
    const { x, y, width, height } = faces[0].boundingBox;
    if (height < video.videoHeight * 0.25) return "far";
    if (height > video.videoHeight * 0.8) return "near";
    const aside = Math.abs(x + width / 2 - video.videoWidth / 2) / video.videoWidth;
    const off = Math.abs(y + height / 2 - video.videoHeight / 2) / video.videoHeight;
    return aside > 0.2 || off > 0.25 ? "middle" : "";
  } catch {
    return ""; // Found in some browsers, and then not to be had on the machine.
  }
}

async function look() {
  if (!video.srcObject?.active) return;
  const now = grey();
  const light = mean(now);
  const moved = before ? mean(now.map((value, i) => Math.abs(value - before[i]))) : 0;
  before = now;
  const what = light < DARK ? "dark" : light > BRIGHT ? "bright" : (await ofTheFace()) || (moved > MOVED ? "still" : "good");
  seen = { what, times: seen.what === what ? seen.times + 1 : 1 };
  const text = hint.dataset[what] ?? "";
  if (seen.times >= SAME_FOR && hint.textContent !== text) hint.textContent = text;
  setTimeout(look, 500);
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
  const blob = await picture();
  if (!blob) {
    shoot.disabled = false;
    return;
  }
  const files = new DataTransfer();
  files.items.add(new File([blob], "frame.jpg", { type: "image/jpeg" }));
  form.elements.photo.files = files.files;
  close();
  count.textContent = shoot.dataset.done;
  form.requestSubmit ? form.requestSubmit() : form.submit();
}

shoot.addEventListener("click", take);
window.addEventListener("pagehide", close);
open();
