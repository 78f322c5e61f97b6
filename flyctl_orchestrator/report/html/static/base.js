"use strict";
// What the scripts of all reports stand on: elements, tables, figures as text. Text is always text, never markup.
const byId = (id) => document.getElementById(id);
const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((one) => one !== null));
  return element;
};
const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes = {}, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };
const took = (ms) => (ms === null || ms === undefined ? "–" : ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`);
// The data that stand in the file; a page that is served has none.
const DATA = JSON.parse(byId("data")?.textContent ?? "null");

// A table, titles or none, that keeps its rows: focus and scrolling stay when it is drawn again.
// A title: text, or { text, number }. A cell: text, or { text, class, key, make } where `make` gives an element.
const TABLES = new Map();
function table(into, titles, rows) {
  const key = JSON.stringify(titles);
  if (TABLES.get(into)?.key !== key) {
    const body = h("tbody"), numbers = titles.map((one) => Boolean(one.number));
    const head = titles.map((one, at) => h("th", { scope: "col", class: numbers[at] && "number" }, one.text ?? one));
    into.replaceChildren(h("table", {}, head.length ? h("thead", {}, h("tr", {}, head)) : null, body));
    TABLES.set(into, { key, body, numbers, rows: [] });
  }
  const known = TABLES.get(into);
  while (known.rows.length > rows.length) known.rows.pop().element.remove();
  rows.forEach((row, at) => {
    if (!known.rows[at]) {
      const cells = row.map(() => h("td"));
      known.rows[at] = { cells, element: known.body.appendChild(h("tr", {}, cells)), shown: [] };
    }
    row.forEach((cell, column) => put(known.rows[at], column, typeof cell === "object" ? cell : { text: String(cell) }, known.numbers[column]));
  });
}

function put(row, column, cell, number) {
  const shown = `${cell.class ?? ""}|${cell.key ?? ""}|${cell.text}`;
  if (row.shown[column] === shown) return;
  row.shown[column] = shown;
  row.cells[column].className = [cell.class, number ? "number" : ""].filter(Boolean).join(" ");
  row.cells[column].replaceChildren(cell.make ? cell.make() : cell.text);
}

// A copy of the land to draw on, and where what is drawn goes. The picture is 1000 units wide.
function layer() {
  const drawn = s("svg", { viewBox: "0 0 1000 458", class: "spots", "aria-hidden": "true" });
  byId("map").querySelector(".spots")?.remove();
  byId("map").append(drawn);
  return drawn;
}
