// Which day it is for the user: their time zone and the hour their day begins, as habit_app/days.py has it.
"use strict";

// Gives "2026-01-30" for an instant in milliseconds, or "" when this browser does not know the zone.
function dayAt(instant, zone, dayStart) {
  let parts;
  try {
    const fields = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", hourCycle: "h23" };
    const format = new Intl.DateTimeFormat("en-US-u-ca-iso8601", { timeZone: zone, ...fields });
    parts = Object.fromEntries(format.formatToParts(instant).map((part) => [part.type, Number(part.value)]));
  } catch {
    return "";
  }
  // The wall clock is moved back, which also holds on the two days of the year that have 23 or 25 hours.
  const wall = new Date(0);
  wall.setUTCFullYear(parts.year, parts.month - 1, parts.day);
  wall.setUTCHours(parts.hour - dayStart);
  return wall.toISOString().slice(0, 10);
}

// "Friday, 30 January"
function nameOfDay(day) {
  const name = (field) => new Date(`${day}T00:00Z`).toLocaleDateString("en-GB", { timeZone: "UTC", [field]: "long" });
  return `${name("weekday")}, ${Number(day.slice(8))} ${name("month")}`;
}
