// Sorts a table by the column whose heading is pressed; numbers by value, everything else by text.
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const heading = button.closest("th"), table = heading.closest("table"), body = table.tBodies[0];
    const rising = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const at = heading.cellIndex, number = heading.classList.contains("number");
    const key = (row) => {
      const text = row.cells[at].textContent.trim();
      if (!number) return text;
      const below = /^(minus )?\(/.test(text) ? -1 : 1;
      return below * Number.parseFloat(text.replace(/minus |[,%()]/g, "").replace("−", "-")) || 0;
    };
    const order = (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0) * (rising ? 1 : -1);
    body.append(...[...body.rows].sort(order));
  });
}
// Leaves only what holds every word that is typed; a page without script shows everything and no field.
for (const field of document.querySelectorAll("input[data-finds]")) {
  const parts = [...document.querySelectorAll(field.dataset.finds)].map((part) => [part, part.textContent.toLowerCase()]);
  const find = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [part, text] of parts) shown += !(part.hidden = !words.every((word) => text.includes(word)));
    field.parentElement.querySelector("output").textContent = words.length ? `${shown} of ${parts.length}` : "";
  };
  field.addEventListener("input", find);
  field.parentElement.hidden = false;
}
