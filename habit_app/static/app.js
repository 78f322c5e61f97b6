// Every page works without this file. With it, a tick shows at once and is sent in the background.
"use strict";

const main = document.getElementById("main");

function zoneOfDevice() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "";
}

function fillZone() {
  const field = document.querySelector("[data-fill-zone]");
  if (field && field.value === "UTC" && zoneOfDevice()) field.value = zoneOfDevice();
}

function compareZones() {
  const notice = document.getElementById("zone-notice");
  const zone = zoneOfDevice();
  if (!notice || !zone || zone === main.dataset.zone) return;
  notice.querySelector("b").textContent = zone;
  notice.hidden = false;
}

// The same day can be on two buttons: the big one for today and the last small one.
function paint(form, day, done) {
  for (const button of form.querySelectorAll(`button[data-day="${day}"]`)) {
    button.setAttribute("aria-pressed", String(done));
    button.value = `${day}:${done ? 0 : 1}`;
  }
  const due = [...document.querySelectorAll(".tick[data-due]")];
  const count = due.filter((tick) => tick.getAttribute("aria-pressed") === "true").length;
  document.getElementById("done-count").textContent = String(count);
  document.querySelector("progress").value = count;
}

function showStreak(form, answer) {
  const streak = form.querySelector("[data-streak]");
  streak.textContent = answer.streak_text;
  streak.classList.toggle("going", answer.streak > 0);
  form.querySelector("[data-best]").textContent = String(answer.best);
  document.getElementById("spoken").textContent = answer.streak_text;
}

async function send(form, day, done) {
  const answer = await fetch(`/api/habits/${form.dataset.habit}/entries/${day}`, {
    method: "PUT",
    headers: { "Content-Type": "application/json", "X-Form-Token": main.dataset.token },
    body: JSON.stringify({ done }),
  });
  if (answer.status === 401) {
    location.assign("/login");
    return null;
  }
  // Between here and the app there may be a proxy that answers in its own words.
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error || "Not saved. Please try again in a moment.");
  return body;
}

// Taps can be quicker than answers. They are sent one after the other, so that the last one wins and the cookie that
// counts changes never goes back; and only the answer to the last tap on a day is shown.
let queue = Promise.resolve();
const latest = new Map();

async function tick(form, button) {
  const day = button.dataset.day;
  const done = button.getAttribute("aria-pressed") !== "true";
  const key = `${form.dataset.habit} ${day}`;
  const trouble = document.getElementById("trouble");
  paint(form, day, done);
  const sent = queue.then(() => send(form, day, done));
  queue = sent.catch(() => null);
  latest.set(key, sent);
  try {
    const answer = await sent;
    trouble.hidden = true;
    if (answer && latest.get(key) === sent) showStreak(form, answer);
  } catch (problem) {
    if (latest.get(key) === sent) paint(form, day, !done);
    trouble.textContent = problem instanceof TypeError ? "Not saved: the connection is gone. Please try again." : problem.message;
    trouble.hidden = false;
  }
}

fillZone();
if (main && main.dataset.zone) {
  compareZones();
  for (const form of document.querySelectorAll("form[data-habit]")) {
    form.addEventListener("submit", (event) => {
      if (!event.submitter || !event.submitter.dataset.day) return;
      event.preventDefault();
      tick(form, event.submitter);
    });
  }
}
