// What a page is measured with: each function is called by the tests, none is served.
({
  /** The element that has the focus: what it is, and what is wrong with how that shows. */
  stop() {
    const on = document.activeElement;
    if (!on || on === document.body) return null;
    const marked = on.closest("label, .choice, .field") ?? on;
    const outlined = [on, marked].some((one) => {
      const style = getComputedStyle(one);
      return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    });
    const box = on.getBoundingClientRect();
    const seen = { left: Math.max(box.left, 0), top: Math.max(box.top, 0) };
    seen.right = Math.min(box.right, innerWidth);
    seen.bottom = Math.min(box.bottom, innerHeight);
    const top = document.elementFromPoint((seen.left + seen.right) / 2, (seen.top + seen.bottom) / 2);
    const free = top && (on.contains(top) || top.contains(on) || marked.contains(top));
    const wrong = [];
    if (!outlined) wrong.push("the focus does not show");
    if (seen.right <= seen.left || seen.bottom <= seen.top) wrong.push("it is outside the window");
    else if (!free) wrong.push(`it is covered by ${top?.outerHTML.slice(0, 80)}`);
    return { what: on.outerHTML.slice(0, 120), wrong };
  },

  /** Texts that cannot be read whole: wider than the window, or cut off by something that does not scroll. */
  cut() {
    const said = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (texts.nextNode()) {
      const parent = texts.currentNode.parentElement;
      if (!texts.currentNode.data.trim() || !parent.checkVisibility() || parent.closest("select, .skip, .skip-to-content-link")) continue;
      range.selectNodeContents(texts.currentNode);
      const text = range.getBoundingClientRect();
      let within = { left: 0, right: innerWidth, top: -Infinity, bottom: Infinity };
      for (let above = parent; above; above = above.parentElement) {
        const style = getComputedStyle(above);
        if (style.clipPath !== "none" || style.clip !== "auto" || /auto|scroll/.test(style.overflow)) { within = null; break; }
        if (above !== document.body && /hidden|clip/.test(style.overflow)) { within = above.getBoundingClientRect(); break; }
      }
      if (within && (text.left < within.left - 1 || text.right > within.right + 1 || text.bottom > within.bottom + 1 || text.top < within.top - 1))
        said.push(`"${texts.currentNode.data.trim().slice(0, 60)}" in ${parent.outerHTML.slice(0, 80)}`);
    }
    return said;
  },

  /** What scrolls sideways and is no table or the like that is marked as such. */
  sideways() {
    return [...document.querySelectorAll("body *")]
      .filter((one) => /auto|scroll/.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1)
      .filter((one) => !one.matches("textarea, select, .results, .sideways"))
      .map((one) => one.outerHTML.slice(0, 120));
  },

  /** What makes a page wider than its window. */
  wide() {
    const across = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= across) return [];
    return [...document.querySelectorAll("body *")]
      .filter((one) => one.getBoundingClientRect().right > across && !one.closest(".results, .sideways, .skip"))
      .map((one) => one.outerHTML.slice(0, 120));
  },

  /** The spacing that people may want, by WCAG 2.2, success criterion 1.4.12. */
  space() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
      p { margin-bottom: 2em !important; }`);
    document.adoptedStyleSheets = [sheet];
  },
})
