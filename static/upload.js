/* Pictures: shown before they are sent, reduced on the device, sent with a bar. Without this file forms are sent plainly. */
"use strict";
(() => {
  const QUALITY = 0.92;
  const shown = new WeakMap(); // Of every file field: the address of its preview.
  const box = (input) => input.closest(".field").querySelector(".chosen");
  const decode = (file) => createImageBitmap(file, { imageOrientation: "from-image" });
  const megabytes = (bytes) => new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 }).format(Math.max(bytes / 1048576, 0.1));

  function forget(input) {
    URL.revokeObjectURL(shown.get(input));
    shown.delete(input);
    box(input).querySelector(".chosen-picture")?.remove();
    box(input).querySelector(".chosen-remove").hidden = true;
    say(input, "");
  }

  function say(input, words, wrong = false) {
    const line = box(input).querySelector(".chosen-words");
    line.textContent = words;
    line.classList.toggle("errorlist", wrong);
  }

  function fits(input, file) {
    const named = /\.(jpe?g|png|webp|tiff?|hei[cf])$/i.test(file.name);
    return named || (file.type && input.accept.split(",").includes(file.type));
  }

  // The server reduces to the same side, so nothing is lost that it would use. What the browser cannot read (HEIC,
  // TIFF) goes as it is, and so does what would not become smaller.
  async function reduced(input, file, bitmap) {
    const side = Number(input.dataset.side);
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    if (scale === 1 && file.size <= Number(input.dataset.maxBytes)) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff"; // JPEG knows no transparency.
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    return blob && blob.size < file.size ? new File([blob], "picture.jpg", { type: "image/jpeg" }) : file;
  }

  async function look(input) {
    const words = box(input).dataset;
    forget(input);
    const original = input.files[0];
    if (!original) return;
    box(input).querySelector(".chosen-remove").hidden = false;
    if (!fits(input, original)) return say(input, words.wrongType, true);
    let file = original;
    let size = "";
    try {
      const bitmap = await decode(original);
      size = `${bitmap.width} × ${bitmap.height}, `;
      file = await reduced(input, original, bitmap);
      bitmap.close();
    } catch {
      // Not readable here; the server judges.
    }
    if (input.files[0] !== original) return; // Another one was chosen meanwhile.
    if (file !== original) {
      const files = new DataTransfer();
      files.items.add(file);
      input.files = files.files;
    }
    if (file.size > Number(input.dataset.maxBytes)) return say(input, words.tooLarge, true);
    const became = file === original ? "" : ` ${words.reduced} ${megabytes(file.size)} MB.`;
    say(input, `${size}${megabytes(original.size)} MB.${became}`);
    preview(input, file);
  }

  function preview(input, file) {
    const image = new Image();
    image.className = "portrait chosen-picture";
    image.alt = box(input).dataset.alt;
    image.onerror = () => image.remove(); // Some browsers do not show HEIC or TIFF.
    image.onload = () => document.activeElement?.scrollIntoView?.({ block: "nearest" }); // It moved what had the focus.
    image.src = URL.createObjectURL(file);
    shown.set(input, image.src);
    box(input).prepend(image);
  }

  const looking = new WeakMap(); // Of every file field: the promise that it was looked at.

  document.addEventListener("change", (event) => {
    if (event.target.matches?.("input[type=file][data-side]")) looking.set(event.target, look(event.target));
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".chosen-remove");
    if (!button) return;
    const input = button.closest(".field").querySelector("input[type=file]");
    input.value = "";
    forget(input);
    input.focus();
  });

  // --- Sending ---

  function sender(form, input) {
    const bar = box(input).querySelector("progress");
    const words = box(input).dataset;
    const asked = new XMLHttpRequest();
    let told = -1;
    bar.hidden = false;
    bar.value = 0;
    asked.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      bar.value = event.loaded / event.total;
      const quarter = Math.floor(bar.value * 4) * 25; // Said four times at most: a screen reader reads each aloud.
      if (quarter !== told) say(input, `${words.sending} ${quarter} %`);
      told = quarter;
    };
    return asked;
  }

  function failed(form, input, words) {
    box(input).querySelector("progress").hidden = true;
    for (const button of form.querySelectorAll("button")) button.disabled = false;
    say(input, words, true);
    box(input).querySelector(".chosen-words").focus();
  }

  function arrived(form, input, asked) {
    const next = asked.getResponseHeader("X-Upload-Location");
    if (next) return leave(new URL(next, location.href));
    if (asked.status === 413) return failed(form, input, box(input).dataset.tooLarge);
    const page = new DOMParser().parseFromString(asked.responseText, "text/html");
    const main = page.querySelector("main");
    if (asked.status >= 500 || !main) return failed(form, input, box(input).dataset.failed);
    URL.revokeObjectURL(shown.get(input));
    document.title = page.title;
    document.querySelector("main").replaceWith(main);
    (main.querySelector(".errors") ?? main).focus();
    window.scrollTo(0, 0);
  }

  function leave(next) {
    const here = next.pathname === location.pathname && next.search === location.search;
    location.assign(next);
    if (here && next.hash) location.reload(); // To a place on the same page, browsers only scroll.
  }

  async function send(form, input, button) {
    await looking.get(input);
    const data = new FormData(form);
    if (button?.name) data.append(button.name, button.value);
    for (const each of form.querySelectorAll("button")) each.disabled = true;
    const asked = sender(form, input);
    asked.onload = () => arrived(form, input, asked);
    asked.onerror = () => failed(form, input, box(input).dataset.failed);
    asked.open("POST", form.getAttribute("action") || location.href);
    asked.setRequestHeader("X-Upload", "1");
    asked.send(data);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const input = [...form.querySelectorAll("input[type=file][data-side]")].find((each) => each.files.length);
    if (!input || event.defaultPrevented) return;
    event.preventDefault();
    send(form, input, event.submitter);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) for (const button of document.querySelectorAll("main button")) button.disabled = false;
  });
})();
