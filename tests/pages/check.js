// Asked inside a page, with every <details> open: what a reader with eyes, a keyboard or a small screen would stumble over.
({
  // Elements that reach beyond the right edge and are not inside something that scrolls by itself.
  overflow(width) {
    if (document.documentElement.scrollWidth <= width) return [];
    const clips = (e) => ["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX);
    const scrolls = (e) => e && (clips(e) || scrolls(e.parentElement));
    const reaches = (e) => e.getBoundingClientRect().right > width + 1 && !scrolls(e.parentElement);
    const out = [...document.body.querySelectorAll("*")].filter(reaches);
    return [`${document.documentElement.scrollWidth} px wide`, ...out.slice(0, 3).map((e) => `${e.tagName} ${e.textContent.trim().slice(0, 40)}`)];
  },

  // Text whose contrast with what lies behind it is below 4.5 (3 where it is large), each colour pair once.
  contrast() {
    const parse = (text) => text.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const light = (colour) => {
      const [x, y, z] = colour.map((c) => linear(c / 255));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const over = ([r, g, b, a = 1], below) => [r, g, b].map((c, n) => c * a + below[n] * (1 - a));
    const paint = (e) => {
      const style = getComputedStyle(e), isShape = e instanceof SVGElement && e.tagName !== "svg";
      const [r, g, b, a = 1] = parse(isShape ? style.fill : style.backgroundColor);
      return [r, g, b, a * (isShape ? style.fillOpacity * style.opacity : 1)];
    };
    const ground = parse(getComputedStyle(document.body).backgroundColor), faults = new Map();
    let asked = 0;
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const e = walk.currentNode.parentElement, range = document.createRange();
      if (!walk.currentNode.data.trim() || e.closest(".sr, script, style, title, desc")) continue;
      range.selectNodeContents(walk.currentNode);
      let box = range.getBoundingClientRect();
      if (!box.width || !box.height) continue;
      if (box.top < 0 || box.bottom > innerHeight || box.left < 0 || box.right > innerWidth) {
        e.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
        box = range.getBoundingClientRect();
      }
      const x = box.x + box.width / 2, y = box.y + box.height / 2;
      const under = document.elementsFromPoint(x, y), at = under.indexOf(e.closest("text") ?? e);
      const layers = e instanceof SVGElement ? under.slice(at + 1) : at < 0 ? [e, ...ancestors(e)] : under.slice(at);
      const painted = layers.filter((layer) => layer.tagName !== "text").reverse();
      const behind = painted.reduce((below, layer) => over(paint(layer), below), ground.slice(0, 3));
      const style = getComputedStyle(e), own = parse(e instanceof SVGElement ? style.fill : style.color);
      const [one, other] = [light(over(own, behind)), light(behind)].sort((a, b) => b - a);
      const ratio = (one + 0.05) / (other + 0.05), size = parseFloat(style.fontSize);
      asked += 1;
      if (ratio < (size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5)) {
        const pair = `${own} on ${behind.map(Math.round)}`;
        faults.set(pair, `${ratio.toFixed(2)}: ${pair}, "${walk.currentNode.data.trim().slice(0, 40)}"`);
      }
    }
    function ancestors(e) {
      return e.parentElement ? [e.parentElement, ...ancestors(e.parentElement)] : [];
    }
    return [asked, [...faults.values()]];
  },

  // The columns of a table as text, top to bottom.
  column(button) {
    const heading = button.closest("th"), rows = [...heading.closest("table").tBodies[0].rows];
    return [heading.classList.contains("number"), heading.getAttribute("aria-sort"), rows.map((row) => row.cells[heading.cellIndex].textContent.trim())];
  },

  // What a screen reader would miss.
  names() {
    const all = (what) => [...document.querySelectorAll(what)];
    const isNamed = (svg) => svg.getAttribute("role") === "img" && svg.querySelector("title");
    const isLed = (e) => e.getAttribute("aria-labelledby").split(" ").every((id) => document.getElementById(id));
    const pictures = all("svg").filter((svg) => !isNamed(svg)), loose = all("[aria-labelledby]").filter((e) => !isLed(e));
    const heads = all("table").filter((table) => !table.querySelector("th[scope=col]"));
    const twice = all("[id]").map((e) => e.id).filter((id, n, ids) => ids.indexOf(id) !== n);
    return [
      ...(document.documentElement.lang ? [] : ["no language"]), ...(document.title ? [] : ["no title"]),
      ...pictures.map(() => "a picture without role or title"), ...heads.map(() => "a table without column headings"),
      ...twice.map((id) => `id ${id} twice`), ...loose.map((e) => `nothing is named ${e.getAttribute("aria-labelledby")}`),
    ];
  },
});
