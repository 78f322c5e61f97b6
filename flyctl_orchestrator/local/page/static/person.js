// A person anywhere on the map, who opens an app from there: placed by a click, by arrow keys, or by name.
import { copyable } from "./commands.js";
import { byId, h, say } from "./dom.js";
import { HEIGHT, WIDTH, project } from "./geography.js";

// The way to the nearest region by the formula of the proxy (proxy/geography.py); degrees that an arrow key moves.
const EARTH_KM = 6371, DETOUR = 1.2, FIBRE_KM_PER_MS = 199.86, STEP = 1, LEAP = 10;
const radians = (degrees) => (degrees * Math.PI) / 180;
const within = (value, most) => Math.min(most, Math.max(-most, value));

function kilometres(one, other) {
  const half = Math.sin(radians(other.latitude - one.latitude) / 2) ** 2 + Math.cos(radians(one.latitude)) * Math.cos(radians(other.latitude)) * Math.sin(radians(other.longitude - one.longitude) / 2) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(half)));
}

const hundredths = (degrees) => String(Math.round(100 * Math.abs(degrees)));
// Where the app is as somebody there sees it: at4886n235e.APP.localhost.
const host = (at) => `at${hundredths(at.latitude)}${at.latitude < 0 ? "s" : "n"}${hundredths(at.longitude)}${at.longitude < 0 ? "w" : "e"}`;
export const coordinates = ([latitude, longitude]) => `${Math.abs(latitude).toFixed(1)}° ${latitude < 0 ? "S" : "N"} ${Math.abs(longitude).toFixed(1)}° ${longitude < 0 ? "W" : "E"}`;
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").trim().toLowerCase();
const COORDINATES = /^(-?\d{1,2}(?:\.\d+)?)\s*[,; ]\s*(-?\d{1,3}(?:\.\d+)?)$/;

export class Person {
  constructor(state, world) {
    Object.assign(this, { state, world, at: null, key: "" });
    this.marker = h("button", { type: "button", class: "person", hidden: true, "aria-describedby": "person-help", onkeydown: (event) => this.#move(event), onclick: () => byId("person-title").focus() });
    this.field = h("input", { id: "person-place", list: "cities", autocomplete: "off", placeholder: "a city, 48.86, 2.35 or fra", onfocus: () => this.#offer() });
    this.list = h("datalist", { id: "cities" });
    this.about = h("div", { "aria-live": "polite" });
    const form = h("form", { class: "do", onsubmit: (event) => { event.preventDefault(); this.#find(); } },
      h("label", { for: "person-place", class: "quiet" }, "Where"), this.field, this.list, h("button", { type: "submit" }, "Place"));
    byId("person").replaceChildren(h("h2", { id: "person-title", tabindex: -1 }, "A person"), h("p", { id: "person-help", class: "quiet" }, "Click on the map, write where, or move the mark with arrow keys (Shift: farther)."), form, this.about);
    world.labels.append(this.marker);
    world.placed = (at) => this.put(at);
  }

  put({ latitude, longitude }) {
    this.at = { latitude: within(latitude, 85), longitude: ((((longitude + 180) % 360) + 360) % 360) - 180 };
    this.key = "";
    this.draw(this.state);
  }

  draw({ apps, delays, port }) {
    if (!this.at || !this.state.regions.size) return;
    const key = JSON.stringify([this.at, apps.map((app) => app.name), delays, port]);
    if (this.key === key) return;
    this.key = key;
    const where = coordinates([this.at.latitude, this.at.longitude]), spot = project(this.at.longitude, this.at.latitude);
    const near = [...this.state.regions.values()].map((region) => ({ region, km: kilometres(this.at, region) })).sort((a, b) => a.km - b.km)[0];
    const ms = (2 * near.km * DETOUR) / FIBRE_KM_PER_MS;
    this.marker.hidden = false;
    this.marker.style.left = `${(100 * spot.x) / WIDTH}%`;
    this.marker.style.top = `${within(spot.y / HEIGHT, 1) * 100}%`;
    this.marker.setAttribute("aria-label", `Person at ${where}`);
    say(byId("person-title"), `A person at ${where}`);
    this.about.replaceChildren(
      h("p", {}, `Requests come in at ${near.region.code} · ${near.region.name}, ${Math.round(near.km)} km away.`),
      h("p", { class: "quiet" }, `The way there and back takes ${ms.toFixed(1)} ms by a formula (2 × km × ${DETOUR} ÷ ${FIBRE_KM_PER_MS} km/ms; not measured)${delays ? "." : ", once the network is as slow as it is."}`),
      h("ul", { class: "actions" }, apps.map((app) => {
        const url = `http://${host(this.at)}.${app.name}.localhost:${port}/`;
        return h("li", {}, h("a", { href: url, target: "_blank", rel: "noopener noreferrer", class: "button" }, `Open ${app.name} from there`), copyable(`curl ${url}`));
      })));
  }

  #move(event) {
    const by = event.shiftKey ? LEAP : STEP;
    const [north, east] = { ArrowUp: [by, 0], ArrowDown: [-by, 0], ArrowLeft: [0, -by], ArrowRight: [0, by] }[event.key] ?? [0, 0];
    if (!north && !east) return;
    event.preventDefault();
    this.put({ latitude: this.at.latitude + north, longitude: this.at.longitude + east });
  }

  // The list is loaded once somebody wants to write.
  async #cities() {
    const { CITIES } = await import("./cities.js");
    this.cities ??= CITIES.split(";").map((one) => one.split(",")).map(([name, latitude, longitude]) => ({ name, latitude: Number(latitude), longitude: Number(longitude) }));
    return this.cities;
  }

  async #offer() {
    if (this.list.children.length) return;
    const cities = await this.#cities();
    if (!this.list.children.length) this.list.append(...cities.map((one) => h("option", { value: one.name })));
  }

  async #find() {
    const text = plain(this.field.value), numbers = COORDINATES.exec(text);
    const begins = (one) => plain(one.name).startsWith(text);
    const found = numbers ? { latitude: Number(numbers[1]), longitude: Number(numbers[2]) } : text && (this.state.regions.get(text) ?? await this.#city(text) ?? [...this.state.regions.values()].find(begins) ?? (await this.#cities()).find(begins));
    const there = found && Math.abs(found.latitude) <= 90 && Math.abs(found.longitude) <= 180;
    this.field.setCustomValidity(there ? "" : "That is no large city, no region, and no latitude and longitude such as 48.86, 2.35.");
    if (!there) { this.field.reportValidity(); this.field.addEventListener("input", () => this.field.setCustomValidity(""), { once: true }); return; }
    this.put(found);
    byId("person-title").focus();
  }

  async #city(text) { return (await this.#cities()).find((one) => plain(one.name) === text); }
}
