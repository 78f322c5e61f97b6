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

// A bar for each row: { label, parts: [{ value, class }], says }; the parts of a row lie on each other, longest first.
function bars(into, rows) {
  const longest = Math.max(...rows.flatMap((row) => row.parts.map((part) => part.value)), 0) || 1;
  into.replaceChildren(...rows.map((row) => h("div", { class: row.chosen ? "chosen" : null },
    h("span", {}, row.label),
    s("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none" }, row.parts.map((part) => s("rect", { width: Math.max(0, (100 * part.value) / longest), height: 10, class: part.class }))),
    h("span", {}, row.says))));
}

// How long a round trip is, in words and as a shape; shape and colour say the same. The last one has no end.
const BANDS = [
  { most: 30, class: "near", text: "up to 30 ms", shape: (r) => `m${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z` },
  { most: 80, class: "middling", text: "up to 80 ms", shape: (r) => `m0 ${-1.2 * r}l${1.2 * r} ${1.2 * r}l${-1.2 * r} ${1.2 * r}l${-1.2 * r} ${-1.2 * r}z` },
  { most: 150, class: "far", text: "up to 150 ms", shape: (r) => `m0 ${-1.2 * r}l${1.2 * r} ${2.1 * r}h${-2.4 * r}z` },
  { most: Infinity, class: "farthest", text: "more than 150 ms", shape: (r) => `m${-r} ${-r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}` },
];
const band = (ms) => BANDS.find((one) => ms <= one.most);
const bandLegend = (more = []) => byId("legend").replaceChildren(...BANDS.map((one) => legendItem(s("path", { class: one.class, d: `M5 5${one.shape(3)}` }), one.text)), ...more);
const legendItem = (mark, text) => h("li", {}, s("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, mark), text);

// What is said of a region, beside its place.
function label(at, ...lines) {
  const said = lines.map((text, index) => s("text", { x: at.label_x - 29, y: at.label_y - 5 + 12 * index, class: index ? "small" : null }, text));
  return s("g", { class: "label" }, s("path", { class: "leader", d: `M${at.x} ${at.y}L${at.label_x} ${at.label_y}` }), s("rect", { x: at.label_x - 33, y: at.label_y - 17, width: 66, height: 16 + 12 * (lines.length - 1), rx: 4, class: "box" }), said);
}
