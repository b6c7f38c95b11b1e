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
  form.submit();
}

shoot.addEventListener("click", take);
window.addEventListener("pagehide", close);
open();
