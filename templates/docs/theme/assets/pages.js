// What the theme leaves to the mouse, or to eyes alone.
(() => {
  const SCROLLED = "pre > code, .md-typeset__scrollwrap, .tabbed-labels";
  const known = new WeakSet();

  // What is cut off can be scrolled with the keys, too; what is not, is not in the way of Tab.
  const reach = ({ target }) => {
    const cut = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
    if (cut && !target.hasAttribute("tabindex")) {
      target.tabIndex = 0;
    } else if (!cut) {
      target.removeAttribute("tabindex");
    }
  };
  const sizes = new ResizeObserver((changes) => changes.forEach(reach));

  const mend = () => {
    for (const one of document.querySelectorAll(SCROLLED)) {
      if (!known.has(one)) {
        known.add(one);
        sizes.observe(one);
      }
    }
    // The button that copies a block of code stands in a landmark without a name.
    for (const one of document.querySelectorAll(".md-code__nav:not([role])")) {
      one.setAttribute("role", "none");
    }
    // The search keeps to itself, and is there when the page has been read.
    for (const { shadowRoot } of document.body.children) {
      if (shadowRoot && !known.has(shadowRoot)) {
        known.add(shadowRoot);
        mendSearch(shadowRoot);
      }
    }
  };

  // The grey that tells where a result stands is too light, and the list of results is not scrolled with the keys.
  const mendSearch = (root) => {
    const styles = new CSSStyleSheet();
    styles.replaceSync("menu { color: inherit !important; }");
    root.adoptedStyleSheets.push(styles);
    new MutationObserver(() => {
      for (const one of root.querySelectorAll("div[tabindex='-1']")) {
        one.tabIndex = 0;
      }
    }).observe(root, { attributeFilter: ["tabindex"], childList: true, subtree: true });
  };

  // A section that has a page of its own is named by the link to it: its label is an arrow without words.
  for (const section of document.querySelectorAll("nav[aria-labelledby]")) {
    const label = document.getElementById(section.getAttribute("aria-labelledby"));
    const link = label?.parentElement.querySelector("a");
    if (link && !label.textContent.trim()) {
      const name = link.textContent.trim();
      section.removeAttribute("aria-labelledby");
      section.setAttribute("aria-label", name);
      label.setAttribute("aria-label", name);
    }
  }

  // A place that a page names itself goes before a heading that happens to be called the same.
  const places = new Map();
  for (const place of document.querySelectorAll("article a[id]:empty")) {
    places.set(place.id, place);
  }
  for (const heading of document.querySelectorAll("article :is(h1, h2, h3, h4, h5, h6)[id]")) {
    if (places.has(heading.id)) {
      const { id } = heading;
      heading.removeAttribute("id");
      if (location.hash === `#${id}`) {
        places.get(id).scrollIntoView();
      }
    }
  }

  // The theme adds to a page for as long as somebody reads it, and lets blocks of code be reached only with a mouse.
  new MutationObserver((changes) => {
    mend();
    changes.filter(({ target }) => target.matches(SCROLLED)).forEach(reach);
  }).observe(document.body, { attributeFilter: ["tabindex"], childList: true, subtree: true });
  mend();
})();
