// Every page works without scripts. With them, a tick shows at once, is kept on this device until it is saved, and a page
// that stays open follows the day.
"use strict";

const main = document.getElementById("main");

// A message in view wherever the page is scrolled to. It stays until it is put away or has become untrue.
function toast(text) {
  document.getElementById("trouble").hidden = !text;
  document.getElementById("trouble-text").textContent = text;
}

function showUnsaved(queue, problem) {
  const count = queue.unsaved().length;
  const ticks = count === 1 ? "1 tick is" : `${count} ticks are`;
  const why = navigator.onLine ? problem || "Sending…" : "You are offline.";
  document.getElementById("unsaved").hidden = !count;
  document.getElementById("unsaved-text").textContent = count ? `${ticks} not saved yet, and kept on this device. ${why}` : "";
}

function hear(board, queue, told) {
  if (told.type === "changed") {
    board.paintAll(told.records);
    showUnsaved(queue);
  }
  if (told.type === "saved") {
    board.showStreaks(told.answer.habits, told.answer.rev);
    board.paintAll();
    showUnsaved(queue);
    const texts = Object.values(told.answer.habits).map((habit) => habit.streak_text);
    document.getElementById("spoken").textContent = queue.unsaved().length || texts.length > 1 ? "" : texts[0] || "";
    if (told.answer.today > board.day) board.refresh();
  }
  if (told.type === "refused") {
    toast(`Not ticked: ${[...new Set(told.refused.map((each) => each.error))].join(" ")}`);
    // What the day really is, only the server knows now.
    board.main.dataset.page = "";
    board.refresh();
  }
  if (told.type === "waiting") {
    showUnsaved(queue, told.problem || "It is tried again by itself.");
    document.getElementById("spoken").textContent = "Not saved yet.";
  }
  if (told.type === "signed-out") location.assign("/login");
  if (told.type === "other-user") board.refresh();
}

function ticked(board, queue, event) {
  const habit = event.target.closest("[data-habit]")?.dataset.habit;
  const button = event.submitter;
  if (!habit || !button?.dataset.day) return;
  event.preventDefault();
  // First: on a page that was left open overnight this makes the button today's.
  board.checkDay();
  queue.set(habit, button.dataset.day, button.getAttribute("aria-pressed") !== "true");
}

function follow(board, queue) {
  const back = () => {
    if (document.visibilityState !== "visible") return;
    board.checkDay();
    board.refreshWhenOld();
    queue.flush();
  };
  document.addEventListener("submit", (event) => ticked(board, queue, event));
  document.addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? queue.leave() : back()));
  addEventListener("pagehide", () => queue.leave());
  addEventListener("pageshow", (event) => {
    // From the back and forward cache: it may be the page of somebody who has signed out since.
    if (event.persisted) board.refresh();
  });
  addEventListener("focus", back);
  addEventListener("online", back);
  // Midnight, and a computer that wakes: timers go on then.
  setInterval(() => {
    board.checkDay();
    if (main.dataset.page !== board.day && document.visibilityState === "visible") board.refresh();
  }, 15_000);
}

// Keeps the last dashboard on this device: shown at once when the app is opened, and offline.
async function keepPages(board) {
  if (!navigator.serviceWorker) return;
  const registration = await navigator.serviceWorker.register("/sw.js").catch(() => null);
  if (!registration || navigator.serviceWorker.controller) return;
  await navigator.serviceWorker.ready;
  navigator.serviceWorker.addEventListener("controllerchange", () => board.refresh(), { once: true });
  if (navigator.serviceWorker.controller) board.refresh();
}

async function start() {
  let board = null;
  const queue = new TickQueue(main.dataset.user, main.dataset.token, (told) => board && hear(board, queue, told));
  main.dataset.page = main.dataset.today;
  board = new Board(main, queue);
  document.getElementById("trouble-close").addEventListener("click", () => toast(""));
  follow(board, queue);
  compareZones(main.dataset.zone);
  arrangeTabStops(main);
  board.checkDay();
  keepPages(board);
  await queue.loaded;
  board.settle();
  showUnsaved(queue);
  if (main.dataset.kept !== undefined && !(await board.refresh())) {
    toast("The server cannot be reached. This is how things stood when this device last saw it.");
  }
}

start();
