// One tab stop for each habit instead of one for each button: left, right, Home and End move along its line, up and down to
// the next one. Without scripts every button is a stop.
"use strict";

const rowOf = (stop) => stop.closest("[data-row]");
const stopsOf = (row) => [...row.querySelectorAll("button, a")];

function arrangeTabStops(root) {
  for (const row of root.querySelectorAll("[data-row]")) {
    const stops = stopsOf(row);
    leave(stops, stops.find((stop) => stop === document.activeElement) || stops[0]);
  }
}

function leave(stops, one) {
  for (const stop of stops) stop.tabIndex = stop === one ? 0 : -1;
}

function moveInRow(event) {
  const row = rowOf(event.target);
  if (!row || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const stops = stopsOf(row);
  const at = stops.indexOf(event.target);
  const along = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: stops.length - 1 }[event.key];
  const over = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (at < 0 || (along === undefined && over === undefined)) return;
  event.preventDefault();
  const rows = [...document.querySelectorAll("[data-row]")];
  const goal = over === undefined ? stops[along] : stopsOf(rows[rows.indexOf(row) + over] || row)[at];
  goal?.focus();
}

function stopWhereFocusIs(event) {
  const row = rowOf(event.target);
  if (row && event.target.matches("button, a")) leave(stopsOf(row), event.target);
}

document.addEventListener("keydown", moveInRow);
document.addEventListener("focusin", stopWhereFocusIs);
