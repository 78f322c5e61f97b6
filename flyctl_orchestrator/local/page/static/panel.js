// What was chosen: a region with its machines, or one machine with its configuration, checks, events and log.
import { act, deploy, look } from "./api.js";
import { copyable, crashLine, faultLine, machineLine } from "./commands.js";
import { checks, condition, ordered, release, words } from "./condition.js";
import { byId, h, say } from "./dom.js";

// Milliseconds between two looks at the chosen machine's log.
const LOOK = 2000;
const ACTIONS = [
  ["start", "Start", (one) => !["started", "starting"].includes(one.state)],
  ["stop", "Stop", (one) => one.state !== "stopped"],
  ["suspend", "Suspend", (one) => one.state === "started"],
  ["restart", "Restart", (one) => one.state === "started"],
  ["cordon", "Cordon", (one) => !one.cordoned],
  ["uncordon", "Uncordon", (one) => one.cordoned],
];

export class Panel {
  constructor(state, select) {
    this.state = state;
    this.select = select;
    this.place = byId("panel");
    this.shown = "";
    this.looking = 0;
  }

  draw() {
    const { selected, machines, regions } = this.state;
    const machine = selected?.machine && machines.get(selected.machine);
    const region = selected?.region && regions.get(selected.region);
    if (machine) this.#machine(machine);
    else if (region) this.#region(region);
    else this.#nothing();
  }

  #nothing() {
    if (this.shown === "nothing") return;
    this.shown = "nothing";
    this.place.replaceChildren(h("h2", { id: "panel-title" }, "Nothing chosen"), h("p", { class: "quiet" }, "Choose a region on the map, or a machine in a table, to see what it is and what can be done to it."));
  }

  #region(region) {
    const there = ordered([...this.state.machines.values()].filter((one) => one.region === region.code));
    const apps = this.state.apps.map((app) => app.name);
    const deployed = Object.entries(this.state.deploys).filter(([app]) => there.some((one) => one.managed && one.app === app));
    const key = `region/${region.code}/${there.map((one) => one.id)}/${apps}/${deployed.map(([app, told]) => `${app} ${told.line}`)}`;
    if (this.shown !== key) {
      this.shown = key;
      clearTimeout(this.looking);
      const down = { name: "region-down", region: region.code, for: "30s" };
      this.rows = new Map(there.map((one) => [one.id, this.#entry(one)]));
      this.place.replaceChildren(
        h("h2", { id: "panel-title", tabindex: -1 }, `${region.code} · ${region.name}`),
        there.length ? h("ul", { class: "entries" }, [...this.rows.values()].map((row) => row.element)) : h("p", { class: "quiet" }, "No machine is here."),
        h("h3", {}, "What can be done"),
        h("ul", { class: "actions" },
          this.#action("Region down for 30 s", faultLine(down), () => act(`${region.code} does not answer for 30 s`, "POST", "/_local/faults", down), false),
          deployed.map(([app, told]) => this.#action(`Deploy a release of ${app} that crashes here`, crashLine(app, region.code, told.line), () => deploy(`${app} is being deployed; the new release crashes in ${region.code}`, { app, crashes_in: region.code }), false))),
        apps.length ? h("h3", {}, "As a person here") : "",
        h("ul", { class: "actions" }, apps.map((app) => {
          const url = `http://${region.code}.${app}.localhost:${this.state.port}/`;
          return h("li", {}, h("a", { href: url, target: "_blank", rel: "noopener noreferrer", class: "button" }, `Open ${app}`), copyable(`curl ${url}`));
        })),
      );
    }
    for (const one of there) this.#refresh(this.rows.get(one.id), one);
  }

  #entry(machine) {
    const mark = h("span", { class: "mark" }), text = h("span");
    const button = h("button", { type: "button", class: "link id", onclick: () => this.select({ region: machine.region, machine: machine.id }) }, machine.id);
    return { mark, text, element: h("li", {}, mark, button, text) };
  }

  #refresh(row, machine) {
    row.mark.className = `mark ${condition(machine)}`;
    say(row.text, `${machine.app} · ${machine.group} · ${words(machine)} · ${release(machine)}`);
  }

  #action(label, command, does, quiet) {
    return h("li", {}, h("button", { type: "button", class: quiet ? "" : "danger", onclick: does }, label), copyable(command));
  }

  #machine(machine) {
    const key = `machine/${machine.id}`;
    if (this.shown !== key) this.#build(machine, key);
    say(this.about, [machine.app, machine.group, machine.region, release(machine), words(machine), `checks: ${checks(machine)}`, `image ${machine.image}`].join(" · "));
    this.mark.className = `mark ${condition(machine)}`;
    for (const [button, possible] of this.buttons) button.disabled = !possible(machine);
  }

  #build(machine, key) {
    this.shown = key;
    this.mark = h("span", { class: "mark" });
    this.about = h("p", { class: "quiet" });
    this.buttons = [];
    const base = `/v1/apps/${machine.app}/machines/${machine.id}`;
    const actions = ACTIONS.map(([action, label, possible]) => {
      const button = h("button", { type: "button", onclick: () => act(`${action}: ${machine.id}`, "POST", `${base}/${action}`, action === "stop" ? {} : undefined) }, label);
      this.buttons.push([button, possible]);
      return h("li", {}, button, copyable(machineLine(action, machine)));
    });
    this.sections = { checks: h("div"), events: h("div"), config: h("pre", { tabindex: 0, "aria-label": "Configuration" }), log: h("pre", { class: "log", tabindex: 0, "aria-label": "Last log lines" }) };
    this.place.replaceChildren(
      h("h2", { id: "panel-title", tabindex: -1 }, this.mark, ` ${machine.id}`),
      this.about,
      h("ul", { class: "actions" }, actions),
      h("h3", {}, "Checks"), this.sections.checks,
      h("h3", {}, "Log"), this.sections.log,
      h("h3", {}, "Events"), this.sections.events,
      h("details", {}, h("summary", {}, "Configuration"), h("p", { class: "quiet" }, "Of variables and files only the names are shown; secrets never are."), this.sections.config),
    );
    clearTimeout(this.looking);
    this.#look(machine, key);
  }

  async #look(machine, key) {
    if (this.shown !== key) return;
    try {
      if (!document.hidden) this.#detail(await look(`/_page/machines/${machine.app}/${machine.id}`));
    } catch (problem) {
      say(this.sections.log, problem.message);
    }
    if (this.shown === key) this.looking = setTimeout(() => this.#look(machine, key), LOOK);
  }

  #detail(told) {
    const { sections } = this;
    const lines = (place, all) => {
      const text = all.join("\n");
      if (place.dataset.text === text) return;
      place.dataset.text = text;
      place.replaceChildren(all.length ? h("ul", { class: "plain" }, all.map((one) => h("li", {}, one))) : h("p", { class: "quiet" }, "none"));
    };
    lines(sections.checks, told.checks.map((one) => `${one.name}: ${one.status}${one.output ? `, ${one.output.slice(0, 200)}` : ""}`));
    lines(sections.events, told.events.map((one) => `${clock(one.timestamp)} ${one.type} ${one.status}${one.exit_code === null ? "" : ` (exit code ${one.exit_code})`}, by ${one.source}`));
    say(sections.config, JSON.stringify(told.config, null, 1));
    const end = sections.log.scrollTop + sections.log.clientHeight >= sections.log.scrollHeight - 4;
    say(sections.log, told.log.map((one) => `${clock(1000 * one.ts)} ${one.text}`).join("\n") || "nothing was written yet");
    if (end) sections.log.scrollTop = sections.log.scrollHeight;
  }
}

const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");
