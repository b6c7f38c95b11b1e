/* Comfort only: every page works without this file. */
"use strict";

// The list of mistakes takes the focus, also where `autofocus` is not obeyed.
document.querySelector(".errors")?.focus();

// While a worker is busy with the request, the status page is looked at again; nothing is replaced that did not
// change, nor while something on the page is being used.
const SECONDS = 4;
let status = document.getElementById("status");

async function refresh() {
  if (!status || status.dataset.working !== "yes") return;
  const inUse = status.contains(document.activeElement) || status.querySelector("input[type=file]")?.value;
  if (!document.hidden && !inUse) {
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("status");
      if (answer.ok && !fresh) return; // The session has ended: it is another page that answers.
      if (answer.ok && fresh.dataset.version !== status.dataset.version) {
        status.replaceWith(fresh);
        status = fresh;
        document.getElementById("news").textContent = fresh.dataset.news;
      }
    } catch {
      // The network is away; as after an answer that says that the server is, the next look may succeed.
    }
  }
  setTimeout(refresh, SECONDS * 1000);
}
setTimeout(refresh, SECONDS * 1000);
