// Ticks on their way to the server: one batch at a time, tried again until the server has said what became of them.
"use strict";

const MOST_IN_A_BATCH = 500;
const PATIENCE = 20_000;
const LONGEST_PAUSE = 60_000;

// What the ticks of this user are, and sends them. `tell` is called with one of
//   { type: "changed", records }        these were added, saved or dropped, here or in another tab
//   { type: "saved", answer }           what the server said
//   { type: "refused", refused }        ticks that cannot be made
//   { type: "waiting", problem }        not saved now; it will be tried again
//   { type: "signed-out" }, { type: "other-user" }
class TickQueue {
  constructor(user, token, tell) {
    Object.assign(this, { user, token, tell, device: storedDevice(), records: new Map(), last: 0, pause: 0 });
    this.store = new TickStore(user);
    this.flying = new Set(); // records of the batch under way
    this.channel = attempt(() => new BroadcastChannel("ticks"));
    if (this.channel) this.channel.onmessage = (event) => this.merge(event.data.filter((each) => each.user === user));
    this.loaded = this.load();
  }

  async load() {
    this.merge(this.store.adopt());
    this.merge(await this.store.all());
    for (const key of this.store.unfiled.keys()) this.store.file(this.records.get(key));
    this.flush();
  }

  // Of two words about one day the later one counts; of the same word, the one that knows it is saved.
  merge(records) {
    for (const record of records) {
      const key = keyOf(record);
      const known = this.records.get(key);
      if (!known || record.n > known.n || (record.n === known.n && record.rev > known.rev)) this.records.set(key, record);
    }
    if (records.length) this.tell({ type: "changed", records: records.map((record) => this.records.get(keyOf(record))) });
  }

  // Numbers follow the clock, so that all tabs of this browser count upwards together.
  next() {
    this.last = Math.max(this.last + 1, Date.now() * 1000 + Math.floor(Math.random() * 1000));
    return this.last;
  }

  set(habit, day, done) {
    const record = { user: this.user, habit, day, done, n: this.next(), rev: 0 };
    this.records.set(`${habit} ${day}`, record);
    this.store.file(record);
    this.channel?.postMessage([record]);
    this.tell({ type: "changed", records: [record] });
    this.flush();
  }

  unsaved() {
    return [...this.records.values()].filter((record) => !record.rev);
  }

  // A page that shows revision `rev` holds everything saved up to it.
  shown(rev) {
    for (const [key, record] of this.records) {
      if (!record.rev || record.rev > rev) continue;
      this.records.delete(key);
      this.store.settle(record, true);
    }
  }

  async flush() {
    if (this.sending || !this.unsaved().length) return;
    this.sending = true;
    clearTimeout(this.timer);
    try {
      // One tab at a time; what other tabs ticked in the meantime is read first.
      const work = async () => {
        const stored = await this.store.all();
        this.merge(stored.filter((record) => !record.rev || this.records.has(keyOf(record))));
        while (this.unsaved().length) await this.sendBatch(this.unsaved().slice(0, MOST_IN_A_BATCH));
      };
      await (navigator.locks ? navigator.locks.request("ticks", work) : work());
      this.pause = 0;
    } catch (problem) {
      this.pause = Math.min(this.pause * 2 || 1000, LONGEST_PAUSE);
      this.timer = setTimeout(() => this.flush(), this.pause);
      this.tell({ type: "waiting", problem: problem.told || "" });
    } finally {
      this.sending = false;
      this.flying.clear();
    }
  }

  async sendBatch(taken) {
    this.flying = new Set(taken);
    const answer = await this.post(taken, AbortSignal.timeout(PATIENCE));
    // Between here and the app there may be a proxy that answers in its own words.
    const body = await answer.json().catch(() => ({}));
    if (answer.status === 409 && body.seq) {
      this.last = Math.max(this.last, body.seq);
      return;
    }
    if (answer.status === 401) this.tell({ type: "signed-out" });
    if (answer.status === 403) this.tell({ type: "other-user" });
    if (!answer.ok || !body.rev) throw Object.assign(new Error(), { told: body.error });
    this.saved(taken, body);
  }

  saved(taken, answer) {
    const refused = new Set(answer.refused.map((each) => keyOf(each)));
    for (const record of taken) {
      const key = keyOf(record);
      const saved = { ...record, rev: answer.rev };
      if (this.records.get(key)?.n === record.n) {
        if (refused.has(key)) this.records.delete(key);
        else this.records.set(key, saved);
      }
      this.store.settle(saved, refused.has(key));
      if (!refused.has(key)) this.channel?.postMessage([saved]);
    }
    this.tell({ type: "saved", answer });
    if (refused.size) this.tell({ type: "refused", refused: answer.refused });
  }

  post(records, signal) {
    const ticks = {};
    for (const { habit, day, done } of records) (ticks[habit] ||= {})[day] = done;
    return fetch("/api/ticks", {
      method: "POST",
      keepalive: true,
      signal,
      headers: { "Content-Type": "application/json", "X-Form-Token": this.token },
      body: JSON.stringify({ user: this.user, device: this.device, seq: this.next(), ticks }),
    });
  }

  // The page is hidden or left: what is not under way goes now, in a request that outlives the page.
  leave() {
    this.store.leave();
    const unsaved = this.unsaved();
    if (unsaved.every((record) => this.flying.has(record))) return;
    this.post(unsaved.slice(0, MOST_IN_A_BATCH)).catch(() => null);
  }
}
