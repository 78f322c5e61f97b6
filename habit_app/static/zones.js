// The time zone of this device: filled into the form of a new account, and compared with the one the user's day follows.
"use strict";

function zoneOfDevice() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "";
}

function fillZone(field) {
  if (field && field.value === "UTC" && zoneOfDevice()) field.value = zoneOfDevice();
}

// Two names of one zone, such as Asia/Calcutta and Asia/Kolkata, are no difference: what counts is the time they show, at
// noon of four days in the year.
function sameTime(one, other) {
  const format = (zone) => new Intl.DateTimeFormat("en", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
  try {
    const formats = [format(one), format(other)];
    return [0, 3, 6, 9].every((month) => {
      const noon = Date.UTC(new Date().getUTCFullYear(), month, 15, 12);
      return formats[0].format(noon) === formats[1].format(noon);
    });
  } catch {
    return false;
  }
}

function compareZones(zone) {
  const notice = document.getElementById("zone-notice");
  const here = zoneOfDevice();
  if (!notice || !here || sameTime(here, zone)) return;
  notice.querySelector("b").textContent = here;
  notice.hidden = false;
}

fillZone(document.querySelector("[data-fill-zone]"));
