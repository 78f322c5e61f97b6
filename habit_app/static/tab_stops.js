// One tab stop for each row of days instead of one for each day: the arrow keys, Home and End move within the row.
"use strict";

const rowOf = (button) => button.closest("[data-row]");
const daysOf = (row) => [...row.querySelectorAll("button")];

function arrangeTabStops(root) {
  for (const row of root.querySelectorAll("[data-row]")) {
    const days = daysOf(row);
    const stop = days.find((day) => day === document.activeElement) || days.at(-1);
    for (const day of days) day.tabIndex = day === stop ? 0 : -1;
  }
}

function moveInRow(event) {
  const row = rowOf(event.target);
  if (!row || event.ctrlKey || event.altKey || event.metaKey) return;
  const days = daysOf(row);
  const at = days.indexOf(event.target);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: days.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  days[to]?.focus();
}

function stopWhereFocusIs(event) {
  const row = rowOf(event.target);
  if (!row || !event.target.matches("button")) return;
  for (const day of daysOf(row)) day.tabIndex = day === event.target ? 0 : -1;
}

document.addEventListener("keydown", moveInRow);
document.addEventListener("focusin", stopWhereFocusIs);
