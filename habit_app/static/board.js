// The dashboard on screen. What it needs of the page's markup, and nothing else:
//   main#main     data-user, data-rev, data-today, data-zone, data-day-start, data-token; data-kept when it was painted from
//                 this device and not by the server
//   [data-live]   parts with an id that a newer page replaces
//   [data-habit]  one habit; in it buttons with data-day, of which [data-now] is always today's and [data-due] counts today;
//                 [data-streak], [data-best]; data-old while there is a tick that these do not hold
//   #day-name, #done-count, progress
"use strict";

// Another device may have ticked: a page that comes back into view after this long is asked for again.
const FRESH = 60_000;

class Board {
  constructor(main, queue) {
    Object.assign(this, { main, queue, checked: main.dataset.kept === undefined ? Date.now() : 0, skew: 0 });
    this.told = new Map(); // habit: the revision up to which its streak is known, where that is newer than the page
  }

  get day() {
    return this.main.dataset.today;
  }

  buttons(habit, day) {
    return this.main.querySelectorAll(`[data-habit="${habit}"] [data-day="${day}"]`);
  }

  // Shows a day as done or not, on all its buttons, and whether that is still on its way.
  paint({ habit, day, done, rev }) {
    for (const button of this.buttons(habit, day)) {
      button.setAttribute("aria-pressed", String(done));
      button.value = `${day}:${done ? 0 : 1}`;
      button.toggleAttribute("data-unsaved", !rev);
      if (rev) button.removeAttribute("aria-description");
      else button.setAttribute("aria-description", "not saved yet");
    }
  }

  paintAll(records = this.queue.records.values()) {
    for (const record of records) this.paint(record);
    this.count();
    this.markOld();
  }

  // What the page says beside a habit's days does not hold a tick that is newer; then it is not shown (app.css).
  markOld() {
    const old = new Set();
    for (const { habit, rev } of this.queue.records.values()) {
      if (!rev || rev > Math.max(Number(this.main.dataset.rev), this.told.get(habit) || 0)) old.add(habit);
    }
    for (const row of this.main.querySelectorAll("[data-habit]")) row.toggleAttribute("data-old", old.has(row.dataset.habit));
  }

  count() {
    const due = [...this.main.querySelectorAll("[data-now][data-due]")];
    const done = due.filter((button) => button.getAttribute("aria-pressed") === "true").length;
    const shown = document.getElementById("done-count");
    if (!shown) return;
    shown.textContent = String(done);
    this.main.querySelector("progress").value = done;
  }

  showStreaks(habits, rev) {
    for (const [id, { streak, best, streak_text }] of Object.entries(habits)) {
      this.told.set(id, rev);
      const habit = this.main.querySelector(`[data-habit="${id}"]`);
      const text = habit?.querySelector("[data-streak]");
      if (!text) continue;
      text.textContent = streak_text;
      text.classList.toggle("going", streak > 0);
      const most = habit.querySelector("[data-best]");
      if (most) most.textContent = String(best);
    }
  }

  // Called often, and before every tick: when it is no longer the day the page shows, today's buttons become the new
  // day's at once, and the page is asked for again. Never back: the server has seen the day that the page shows.
  checkDay() {
    const { zone, dayStart } = this.main.dataset;
    const day = dayAt(Date.now() + this.skew, zone, Number(dayStart));
    if (day <= this.day) return;
    this.turnTo(day);
    this.refresh();
  }

  turnTo(day) {
    // What is on screen is no page of the server's any more.
    Object.assign(this.main.dataset, { today: day, page: "" });
    document.getElementById("day-name").textContent = nameOfDay(day);
    document.getElementById("spoken").textContent = `It is ${nameOfDay(day)} now.`;
    for (const button of this.main.querySelectorAll("[data-now]")) {
      button.dataset.day = day;
      button.value = `${day}:1`;
      button.setAttribute("aria-pressed", "false");
      button.removeAttribute("data-unsaved");
      button.removeAttribute("aria-description");
    }
    this.paintAll();
  }

  refreshWhenOld() {
    // Another tab's tick is painted here without the streak that it makes.
    if (Date.now() - this.checked > FRESH || this.main.querySelector("[data-old]")) this.refresh();
  }

  // Asks for the page again and shows what is new on it. Gives whether the server answered.
  async refresh() {
    if (this.asking) return this.asking;
    this.asking = this.askAgain().finally(() => (this.asking = null));
    return this.asking;
  }

  async askAgain(repeated = false) {
    try {
      const answer = await fetch("/dashboard", { headers: { "X-Refresh": "1" }, signal: AbortSignal.timeout(20_000) });
      if (answer.redirected) location.replace(answer.url);
      if (!answer.ok || answer.redirected) return false;
      const instant = Date.parse(answer.headers.get("Date"));
      // A server that says the time to the second is no reason to doubt this clock.
      this.skew = Math.abs(instant - Date.now()) > 30_000 ? instant - Date.now() : 0;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      // It was asked for before a tick was saved, and came after the answer that has the streak.
      const behind = Number(page.getElementById("main")?.dataset.rev) < Math.max(0, ...this.told.values());
      if (behind && !repeated) return await this.askAgain(true);
      this.show(page);
      return true;
    } catch {
      return false;
    }
  }

  show(page) {
    const fresh = page.getElementById("main");
    if (fresh?.dataset.user !== this.main.dataset.user) return location.reload();
    if (Number(fresh.dataset.rev) < Number(this.main.dataset.rev)) return;
    this.checked = Date.now();
    const same = fresh.dataset.rev === this.main.dataset.rev && fresh.dataset.today === this.main.dataset.page;
    delete this.main.dataset.kept;
    Object.assign(this.main.dataset, fresh.dataset, { page: fresh.dataset.today });
    this.queue.token = fresh.dataset.token;
    if (!same) this.replace(page);
    this.settle();
  }

  // What is on screen now holds everything saved up to its revision; the rest is painted over it.
  settle() {
    this.queue.shown(Number(this.main.dataset.rev));
    this.paintAll();
    arrangeTabStops(this.main);
  }

  replace(page) {
    this.told.clear();
    const found = document.activeElement?.closest("[data-live] *");
    const habit = found?.closest("[data-habit]");
    const again = habit && `[data-habit="${habit.dataset.habit}"] ${found.dataset.now === undefined ? `[data-day="${found.dataset.day}"]:not([data-now])` : "[data-now]"}`;
    for (const part of page.querySelectorAll("[data-live]")) {
      document.getElementById(part.id)?.replaceWith(document.adoptNode(part));
    }
    if (again && found.dataset.day) this.main.querySelector(again)?.focus({ preventScroll: true });
  }
}
