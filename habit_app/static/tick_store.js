// Ticks on this device's disk. Each is there before and until the server has said that it is saved, so closing the
// page, reloading it or being offline loses none.
"use strict";

// localStorage and IndexedDB may be forbidden; what was asked of them is then undefined.
function attempt(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function randomName() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Names this browser in what it sends.
function storedDevice() {
  const device = attempt(() => localStorage.getItem("device")) || randomName();
  attempt(() => localStorage.setItem("device", device));
  return device;
}

const keyOf = (record) => `${record.habit} ${record.day}`;

// A record is { user, habit, day, done, n, rev }: `n` grows with each tick in whichever tab; `rev` is 0 until the tick is
// saved, then the revision of the user's data that holds it.
class TickStore {
  constructor(user) {
    this.user = user;
    this.unfiled = new Map(); // not known to be in the database
    this.place = `unfiled ${randomName()}`; // of them, in localStorage, when the page is left
    this.opened = new Promise((resolve) => {
      const request = attempt(() => indexedDB.open("habits", 1));
      if (!request) return resolve();
      request.onupgradeneeded = () => request.result.createObjectStore("ticks", { keyPath: ["user", "habit", "day"] });
      request.onerror = request.onblocked = () => resolve();
      request.onsuccess = () => {
        this.db = request.result;
        this.db.onversionchange = () => this.db.close();
        resolve();
      };
    });
  }

  // Gives the user's records in the database.
  async all() {
    await this.opened;
    return (await this.request("readonly", (ticks) => ticks.getAll(IDBKeyRange.bound([this.user], [this.user, []])))) || [];
  }

  // Takes over and gives what earlier pages had no time to file.
  adopt() {
    const places = attempt(() => Object.keys(localStorage).filter((name) => name.startsWith("unfiled "))) || [];
    const ours = [];
    for (const place of places) {
      // A page has one user, and so has what it left.
      const left = attempt(() => JSON.parse(localStorage.getItem(place)));
      if (!Array.isArray(left) || left.some((record) => record.user !== this.user)) continue;
      for (const record of left) this.unfiled.set(keyOf(record), record);
      ours.push(...left);
      this.leave();
      attempt(() => localStorage.removeItem(place));
    }
    return ours;
  }

  // Without waiting for anything when the database is open: the page may be gone in a moment.
  file(record) {
    this.unfiled.set(keyOf(record), record);
    if (this.db) this.write(record);
    else this.opened.then(() => this.db && this.write(record));
  }

  write(record) {
    attempt(() => {
      const work = this.db.transaction("ticks", "readwrite");
      work.objectStore("ticks").put(record);
      work.oncomplete = () => this.filed(record);
      work.commit();
    });
  }

  filed(record) {
    if (this.unfiled.get(keyOf(record))?.n === record.n) this.unfiled.delete(keyOf(record));
    if (!this.unfiled.size) attempt(() => localStorage.removeItem(this.place));
  }

  // Changes or removes a record unless a later tick has taken its place.
  async settle(record, remove) {
    const key = [record.user, record.habit, record.day];
    await this.request("readwrite", (ticks) => {
      const read = ticks.get(key);
      read.onsuccess = () => {
        if (read.result && read.result.n > record.n) return;
        if (remove) ticks.delete(key);
        else ticks.put(record);
      };
      return read;
    });
    this.filed(record);
  }

  // The last moment of a page: what has not reached the database goes where writing needs no waiting.
  leave() {
    const records = [...this.unfiled.values()];
    if (records.length) attempt(() => localStorage.setItem(this.place, JSON.stringify(records)));
  }

  request(mode, ask) {
    return new Promise((resolve) => {
      const work = this.db && attempt(() => this.db.transaction("ticks", mode));
      if (!work) return resolve(undefined);
      const asked = ask(work.objectStore("ticks"));
      work.oncomplete = () => resolve(asked.result);
      work.onerror = work.onabort = () => resolve(undefined);
    });
  }
}
