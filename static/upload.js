/* Comfort only: pictures are shown and made smaller before they are sent, and one sees how far the sending is.
   Without this file, or where a browser lacks something, the form is sent as any other. */
"use strict";

(() => {
  const words = document.getElementById("upload-words")?.dataset;
  const QUALITY = 0.92;
  const LARGE = 1_500_000; // Bytes from which making it smaller is worth the while, whatever its sides.
  const ready = new WeakMap(); // By input: a promise that what was chosen is ready to be sent.

  const size = (bytes) => {
    const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "kilobyte"] : [bytes / 1e6, "megabyte"];
    const style = { style: "unit", unit, maximumFractionDigits: unit === "megabyte" ? 1 : 0 };
    return new Intl.NumberFormat(document.documentElement.lang, style).format(value);
  };

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

  function place(input) {
    const field = input.closest(".field") ?? input.parentElement;
    let box = field.parentElement.querySelector(":scope > .preview");
    if (!box) {
      box = document.createElement("div");
      box.className = "field preview";
      box.setAttribute("aria-live", "polite");
      field.after(box);
    }
    return box;
  }

  // What the browser cannot read (HEIC in most of them, TIFF) goes as it is: the server reads more.
  async function drawn(file, side) {
    if (!file.type.startsWith("image/") && file.type !== "") return null;
    try {
      const image = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, side / Math.max(image.width, image.height));
      if (scale === 1 && file.size < LARGE) return image;
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(image.width * scale);
      canvas.height = Math.round(image.height * scale);
      const pen = canvas.getContext("2d");
      pen.imageSmoothingQuality = "high";
      pen.fillStyle = "#fff"; // A JPEG has no holes.
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(image, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
      canvas.smaller = blob && blob.size < file.size ? blob : null;
      return canvas;
    } catch {
      return null;
    }
  }

  async function chosen(input) {
    const box = place(input);
    box.replaceChildren();
    const file = input.files[0];
    if (!file) return;
    const image = await drawn(file, Number(input.dataset.side) || Infinity);
    if (input.files[0] !== file) return; // Another one was chosen meanwhile.
    const smaller = image instanceof HTMLCanvasElement ? image.smaller : null;
    if (smaller) {
      const files = new DataTransfer();
      files.items.add(new File([smaller], "picture.jpg", { type: "image/jpeg" }));
      input.files = files.files;
    }
    const sent = smaller ?? file;
    const tooLarge = sent.size > Number(input.dataset.most || Infinity);
    show(input, box, image && sent, smaller ? fill(words.smaller, { from: size(file.size), to: size(sent.size) }) : "");
    if (tooLarge) say(box, fill(words.large, { most: size(Number(input.dataset.most)) }), "wrong");
  }

  function show(input, box, picture, text) {
    if (picture) {
      const image = new Image();
      image.className = "portrait";
      image.alt = words.alt;
      image.onload = () => URL.revokeObjectURL(image.src);
      image.src = URL.createObjectURL(picture);
      box.append(image);
    }
    if (text) say(box, text, "hint");
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "quiet";
    remove.textContent = words.remove;
    remove.addEventListener("click", () => {
      input.value = "";
      box.replaceChildren();
      input.focus();
    });
    box.append(remove);
  }

  function say(box, text, kind) {
    const line = document.createElement("p");
    line.className = kind;
    line.textContent = text;
    box.append(line);
  }

  // --- sending ---

  function bar(form) {
    form.querySelector(".sending")?.remove();
    const box = document.createElement("div");
    box.className = "sending";
    const label = document.createElement("p");
    label.setAttribute("role", "status");
    label.textContent = words.sending;
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.setAttribute("aria-label", words.sending);
    box.append(label, progress);
    (form.querySelector(".actions") ?? form.lastElementChild).before(box);
    box.scrollIntoView({ block: "nearest" });
    let told = 0;
    return {
      box,
      at(share) {
        progress.value = share;
        const quarter = Math.floor(share * 4);
        if (quarter <= told) return; // A screen reader need not say every step.
        told = quarter;
        const style = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });
        label.textContent = fill(words.percent, { share: style.format(quarter / 4) });
      },
    };
  }

  function transfer(form, data, at) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", form.getAttribute("action") || location.href);
      request.setRequestHeader("X-Sent-By", "script"); // Then the server says where to go on, and does not send us.
      request.setRequestHeader("Accept", "text/html");
      request.upload.onprogress = (event) => event.lengthComputable && at(event.loaded / event.total);
      request.onload = () => resolve(request);
      request.onerror = request.ontimeout = request.onabort = reject;
      request.send(data);
    });
  }

  // The page that came instead of a redirect: mistakes, or that something was too large.
  function replace(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const main = page.querySelector("main");
    if (!main) return false;
    document.title = page.title;
    document.querySelector("main").replaceWith(document.adoptNode(main));
    watch(document.querySelector("main"));
    const first = document.querySelector("main .errors") ?? document.querySelector("main h1");
    first?.setAttribute("tabindex", "-1");
    first?.focus();
    scrollTo(0, 0);
    return true;
  }

  async function send(form, submitter) {
    const buttons = [...form.querySelectorAll("button")];
    const inputs = [...form.querySelectorAll("input[type=file]")];
    await Promise.all(inputs.map((input) => ready.get(input)));
    const data = new FormData(form);
    if (submitter?.name) data.append(submitter.name, submitter.value);
    buttons.forEach((button) => { button.disabled = true; });
    const { box, at } = bar(form);
    try {
      const answer = await transfer(form, data, at);
      const onward = answer.getResponseHeader("X-Location");
      if (onward && new URL(onward, location).origin === location.origin) {
        location.assign(onward);
        return;
      }
      if (replace(answer.responseText)) return;
      throw new Error("no page");
    } catch {
      box.replaceChildren();
      say(box, words.failed, "wrong");
      box.lastElementChild.setAttribute("role", "alert");
      buttons.forEach((button) => { button.disabled = false; });
    }
  }

  function watch(root) {
    for (const input of root.querySelectorAll("input[type=file]")) {
      input.addEventListener("change", () => ready.set(input, chosen(input)));
      const form = input.form;
      if (!form || form.dataset.watched) continue;
      form.dataset.watched = "yes";
      form.addEventListener("submit", (event) => {
        const sends = [...form.querySelectorAll("input[type=file]")].some((each) => each.files.length);
        if (!sends || event.defaultPrevented) return;
        event.preventDefault();
        send(form, event.submitter);
      });
    }
  }

  if (words && window.DataTransfer && window.createImageBitmap) watch(document);
})();
