// Keys of the review: a button or link with data-key is pressed by its key, unless the reader is typing somewhere.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input:not([type=hidden]), textarea, select, [contenteditable]")) return;
  if (document.documentElement.classList.contains("desk-keys-off")) return; // WCAG 2.1.4: switched off by the reader.
  if (event.key.startsWith("Arrow") && event.target.closest(".desk-large")) return; // They move the picture.
  const target = document.querySelector(`[data-key="${CSS.escape(event.key.length === 1 ? event.key.toLowerCase() : event.key)}"]`);
  if (target) {
    event.preventDefault();
    target.click();
  }
});
