// Faults and steady traffic: what is set, and forms for more, each with the command line that does the same.
import { act, traffic } from "./api.js";
import { clearAllLine, clearLine, copyable, faultLine, trafficLine } from "./commands.js";
import { byId, h, say } from "./dom.js";

let fields = 0;
// A label of its own: one around a list would be called by all that can be chosen.
function field(label, control) {
  control.id = `field-${++fields}`;
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control);
}
const select = (name, options) => h("select", { name }, options.map(([value, text]) => h("option", { value }, text)));

export class Faults {
  constructor(state) {
    this.state = state;
    this.shown = "";
    this.list = h("ul", { class: "entries" });
    this.form = h("form", { class: "form" });
    byId("faults").replaceChildren(h("h2", { id: "faults-title" }, "Faults"), this.list, this.form);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const wanted = this.#wanted();
      act(`${wanted.name} is set`, "POST", "/_local/faults", wanted);
    });
    this.form.addEventListener("input", () => this.line.update(faultLine(this.#wanted())));
  }

  // Once the daemon has told what faults there are.
  build() {
    const { kinds, regions } = this.state;
    this.kind = select("name", kinds.map((one) => [one.name, one.name]));
    this.does = h("p", { class: "quiet" });
    this.settings = h("div", { class: "settings" });
    this.app = select("app", []);
    this.line = copyable("");
    this.form.replaceChildren(
      field("Fault", this.kind), this.does,
      h("div", { class: "settings" },
        field("Region", select("region", [["", "everywhere"], ...[...regions.keys()].map((code) => [code, code])])),
        field("App", this.app),
        field("Machine", h("input", { name: "machine", placeholder: "all", pattern: "[0-9a-f]{14}", autocomplete: "off" })),
        field("For", h("input", { name: "for", placeholder: "until cleared", autocomplete: "off" })),
        field("Times", h("input", { name: "times", type: "number", min: 1, placeholder: "as often as it can" })),
        field("Chance", h("input", { name: "chance", type: "number", min: 0.01, max: 1, step: "any", placeholder: "1" }))),
      this.settings,
      h("div", { class: "do" }, h("button", { type: "submit", class: "danger" }, "Set the fault"), this.line),
    );
    this.kind.addEventListener("change", () => this.#kind());
    this.form.elements.for.value = "30s";
    this.#kind();
  }

  #kind() {
    const kind = this.state.kinds.find((one) => one.name === this.kind.value);
    say(this.does, kind.does);
    this.settings.replaceChildren(...kind.set.map((one) => {
      const control = one.choices.length
        ? select(`set.${one.name}`, [["", one.default || "any"], ...one.choices.filter((choice) => choice !== one.default).map((choice) => [choice, choice])])
        : h("input", { name: `set.${one.name}`, placeholder: String(one.default === "" ? "any" : one.default), autocomplete: "off", title: one.what });
      return field(`${one.name}: ${one.what}`, control);
    }));
    this.form.elements.times.disabled = !kind.counted;
    this.form.elements.chance.disabled = !kind.counted || kind.shared;
    this.line.update(faultLine(this.#wanted()));
  }

  #wanted() {
    const given = Object.fromEntries([...new FormData(this.form)].filter(([, value]) => value !== ""));
    const set = Object.fromEntries(Object.entries(given).filter(([name]) => name.startsWith("set.")).map(([name, value]) => [name.slice(4), value]));
    const wanted = { name: this.kind.value };
    for (const name of ["region", "app", "machine", "for"]) if (given[name]) wanted[name] = given[name];
    for (const name of ["times", "chance"]) if (given[name]) wanted[name] = Number(given[name]);
    return Object.keys(set).length ? { ...wanted, set } : wanted;
  }

  draw() {
    const { faults, apps } = this.state;
    const names = apps.map((app) => app.name).join();
    if (this.app && this.app.dataset.names !== names) {
      const kept = this.app.value;
      this.app.dataset.names = names;
      this.app.replaceChildren(h("option", { value: "" }, "any"), ...apps.map((app) => h("option", { value: app.name }, app.name)));
      this.app.value = apps.some((app) => app.name === kept) ? kept : "";
    }
    const shown = JSON.stringify(faults);
    if (this.shown === shown) return;
    this.shown = shown;
    const entries = faults.map((one) => h("li", { class: "fault" },
      h("span", {}, h("strong", {}, one.name), ` ${where(one)}`),
      h("button", { type: "button", "aria-label": `Clear ${one.id}, ${one.name}`, onclick: () => act(`${one.id} is cleared`, "DELETE", `/_local/faults/${one.id}`) }, "Clear"),
      copyable(clearLine(one.id))));
    const all = faults.length > 1 ? h("li", { class: "fault" }, h("span", {}, "all of them"), h("button", { type: "button", onclick: () => act("every fault is cleared", "DELETE", "/_local/faults") }, "Clear all"), copyable(clearAllLine())) : "";
    this.list.replaceChildren(...(faults.length ? [...entries, all] : [h("li", { class: "quiet" }, "No fault is set.")]));
  }
}

function where(fault) {
  const parts = [fault.region ?? fault.machine ?? fault.app ?? "everywhere"];
  if (fault.ends_in !== null) parts.push(`${fault.ends_in} s left`);
  if (fault.times_left !== null) parts.push(`${fault.times_left} times left`);
  if (fault.chance < 1) parts.push(`chance ${fault.chance}`);
  if (fault.strikes) parts.push(`struck ${fault.strikes} times`);
  return parts.join(" · ");
}

export class Traffic {
  constructor(state) {
    this.state = state;
    this.shown = "";
    this.now = h("p", { class: "quiet" });
    this.stop = h("button", { type: "button", onclick: () => traffic("no more traffic") }, "Stop it");
    this.form = h("form", { class: "form" });
    byId("traffic").replaceChildren(h("h2", { id: "traffic-title" }, "Steady traffic"), h("div", { class: "do" }, this.now, this.stop), this.form);
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
    this.form.addEventListener("input", () => this.#line());
  }

  draw() {
    const { apps, traffic: on } = this.state;
    const places = [...this.state.regions.keys()];
    const key = `${apps.map((app) => app.name)}/${places}`;
    if (this.shown !== key && places.length) {
      this.shown = key;
      this.#build(apps, places);
    }
    say(this.now, on ? `${on.per_second} requests a second to ${on.app}${on.path} from ${on.regions.join(", ")}` : "None is sent. It lasts as long as a page is open.");
    this.stop.hidden = !on;
  }

  #build(apps, places) {
    if (!apps.length) return this.form.replaceChildren(h("p", { class: "quiet" }, "There is no app to send requests to yet."));
    this.line = copyable("");
    this.form.replaceChildren(
      h("div", { class: "settings" },
        field("To", select("app", apps.map((app) => [app.name, app.name]))),
        field("Path", h("input", { name: "path", value: "/", autocomplete: "off" })),
        field("Requests a second", h("input", { name: "rate", type: "number", min: 0.1, max: 200, step: "any", value: 5 }))),
      h("fieldset", { class: "places" }, h("legend", {}, "From"), places.map((code) => h("label", {}, h("input", { type: "checkbox", name: "from", value: code, checked: ["iad", "fra", "nrt"].includes(code) }), ` ${code}`))),
      h("div", { class: "do" }, h("button", { type: "submit" }, "Send"), this.line));
    this.#line();
  }

  #wanted() {
    const given = new FormData(this.form);
    return { app: given.get("app"), path: given.get("path"), per_second: Number(given.get("rate")), regions: given.getAll("from") };
  }

  #line() {
    const wanted = this.#wanted();
    this.line?.update(wanted.regions.length && wanted.per_second ? trafficLine(wanted, this.state.port) : "choose a region");
  }

  #send() {
    const wanted = this.#wanted();
    traffic(`${wanted.per_second} requests a second to ${wanted.app}`, wanted);
  }
}
