// Makes elements: h("p", { class: "quiet" }, "text"), s("path", { d }) for SVG. Text is always text, never markup.
const SVG = "http://www.w3.org/2000/svg";

function fill(element, given, children) {
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const h = (name, given, ...children) => fill(document.createElement(name), given, children);
export const s = (name, given, ...children) => fill(document.createElementNS(SVG, name), given, children);
export const byId = (id) => document.getElementById(id);

// Puts `text` there, and touches nothing when it is there already.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// A table whose rows are kept by key, so that focus, selection and scrolling stay when it is drawn again.
export class Table {
  constructor(place, caption, titles) {
    this.rows = new Map();
    this.body = h("tbody");
    const head = h("tr", {}, titles.map((title) => h("th", { scope: "col", class: title.number && "number" }, title.text ?? title)));
    this.numbers = titles.map((title) => Boolean(title.number));
    place.replaceChildren(h("table", {}, h("caption", { class: "hidden" }, caption), h("thead", {}, head), this.body));
  }

  // `rows`: { key, cells: [text or a function that makes an element], class }, in order.
  draw(rows) {
    const keys = new Set(rows.map((row) => row.key));
    for (const [key, known] of this.rows) if (!keys.has(key)) { known.element.remove(); this.rows.delete(key); }
    rows.forEach((row, index) => {
      const known = this.rows.get(row.key) ?? this.#made(row);
      row.cells.forEach((cell, column) => this.#put(known, column, cell));
      known.element.className = row.class ?? "";
      if (this.body.children[index] !== known.element) this.body.insertBefore(known.element, this.body.children[index] ?? null);
    });
  }

  #made(row) {
    const cells = row.cells.map((_, column) => h(column ? "td" : "th", { scope: column ? null : "row", class: this.numbers[column] && "number" }));
    const made = { element: h("tr", {}, cells), cells, shown: [] };
    this.rows.set(row.key, made);
    return made;
  }

  #put(known, column, cell) {
    // An element is made anew only when what it says is another thing.
    const text = typeof cell === "object" ? cell.text : cell;
    if (known.shown[column] === text) return;
    known.shown[column] = text;
    if (typeof cell === "object") known.cells[column].replaceChildren(cell.make());
    else known.cells[column].textContent = text;
  }
}
