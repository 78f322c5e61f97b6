// All machines as a table.
import { checks, ordered, release, words, condition } from "./condition.js";
import { Table, byId, h } from "./dom.js";

export class Machines {
  constructor(select) {
    this.select = select;
    this.table = new Table(byId("machines"), "Machines", ["Machine", "App", "Region", "Group", "State", "Release", "Checks", { text: "Requests/s", number: true }]);
  }

  draw(state) {
    this.table.draw(ordered(state.machines.values()).map((one) => ({
      key: one.id,
      class: `row ${condition(one)}${state.selected?.machine === one.id ? " chosen" : ""}`,
      cells: [
        { text: one.id, make: () => h("button", { type: "button", class: "link id", onclick: () => this.select({ region: one.region, machine: one.id }) }, one.id) },
        one.app, one.region, one.managed ? one.group : `${one.group} (not managed)`, words(one), release(one), checks(one), String(state.rate[one.id] ?? 0),
      ],
    })));
  }
}
