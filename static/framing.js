/* Hints at the camera, measured in this browser alone: light, stillness and, where the browser finds faces itself
   (FaceDetector), whether one face is where it should be. Nothing measured leaves the page. */

const form = document.querySelector("[data-camera]");
const video = form.querySelector("video");
const line = form.querySelector(".camera-hint");
const words = line.dataset;
const EVERY = 400; // Milliseconds between two looks.
const LAST = 5; // A hint is said when most of so many looks agree: neither eyes nor ears follow a flickering text.
const WIDTH = 96;
const LIMITS = { dark: 60, bright: 205, moved: 14 }; // Grey levels, 0 to 255.
const FACE = { small: 0.28, large: 0.8, aside: 0.18 }; // Shares of the height, and of the width beside the middle.

const canvas = document.createElement("canvas");
const context = canvas.getContext("2d", { willReadFrequently: true });
const detector = "FaceDetector" in window ? new window.FaceDetector({ fastMode: true, maxDetectedFaces: 3 }) : null;
let before = null;
const hints = [];

// The middle of the picture, where the face is to be: a bright window at the side says nothing about the face.
function greys() {
  const height = Math.round((WIDTH * video.videoHeight) / video.videoWidth);
  canvas.width = WIDTH;
  canvas.height = height;
  context.drawImage(video, 0, 0, WIDTH, height);
  const [left, top, width, tall] = [WIDTH / 4, height / 8, WIDTH / 2, height * 0.75].map(Math.round);
  const { data } = context.getImageData(left, top, width, tall);
  const values = new Float32Array(width * tall);
  for (let i = 0; i < values.length; i += 1) {
    values[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  }
  return values;
}

const mean = (count, term) => {
  let sum = 0;
  for (let i = 0; i < count; i += 1) sum += term(i);
  return count ? sum / count : 0;
};

function light(values) {
  const level = mean(values.length, (i) => values[i]);
  const moved = before?.length === values.length ? mean(values.length, (i) => Math.abs(values[i] - before[i])) : 0;
  before = values;
  if (level < LIMITS.dark) return "dark";
  if (level > LIMITS.bright) return "bright";
  return moved > LIMITS.moved ? "moved" : "";
}

async function place() {
  if (!detector) return "";
  let faces;
  try {
    faces = await detector.detect(video);
  } catch {
    return ""; // Some browsers name the detector and have none.
  }
  if (faces.length === 0) return "noFace";
  if (faces.length > 1) return "several";
  const { x, width, height } = faces[0].boundingBox;
  if (height < FACE.small * video.videoHeight) return "nearer";
  if (height > FACE.large * video.videoHeight) return "farther";
  return Math.abs(x + width / 2 - video.videoWidth / 2) > FACE.aside * video.videoWidth ? "middle" : "";
}

async function look() {
  if (video.srcObject?.active && video.videoWidth && !document.hidden) {
    const hint = light(greys()) || (await place()) || "good";
    hints.push(hint);
    if (hints.length > LAST) hints.shift();
    const most = hints.filter((each) => each === hint).length > LAST / 2;
    if (most && line.textContent !== words[hint]) line.textContent = words[hint];
    line.classList.toggle("camera-hint-good", line.textContent === words.good);
  }
  if (video.srcObject?.active) setTimeout(look, EVERY);
}
video.addEventListener("playing", look);
