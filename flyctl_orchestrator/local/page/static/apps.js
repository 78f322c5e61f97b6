// The apps: open one, deploy it again, destroy it, each with the command line that does the same.
import { act, deploy } from "./api.js";
import { copyable, destroyLine } from "./commands.js";
import { byId, h, say } from "./dom.js";

export class Apps {
  constructor(state) {
    this.state = state;
    this.rows = new Map();
    this.names = null;
    this.place = h("div");
    byId("apps").replaceChildren(h("h2", { id: "apps-title" }, "Apps"), this.place);
  }

  draw() {
    const { apps, port } = this.state;
    const names = JSON.stringify([port, ...apps.map((app) => app.name)]);
    if (this.names !== names) {
      this.names = names;
      this.rows = new Map(apps.map((app) => [app.name, this.rows.get(app.name) ?? this.#made(app.name, port)]));
      const entries = [...this.rows.values()].map((row) => row.element);
      this.place.replaceChildren(...(entries.length ? [h("ul", { class: "entries" }, entries)] : [h("p", { class: "quiet" }, "There is none yet. In an app's directory:"), copyable("flyo deploy --local")]));
    }
    for (const app of apps) this.#refresh(this.rows.get(app.name), app);
  }

  // Made once and then kept, so that what has the focus keeps it.
  #made(name, port) {
    const row = { status: h("span"), said: h("p", { class: "quiet", role: "status" }), wrote: h("pre", { class: "log", tabindex: 0, "aria-label": `What the deploy of ${name} wrote last` }), line: copyable("flyo deploy --local") };
    row.again = h("button", { type: "button", "aria-label": `Deploy ${name} again`, onclick: () => row.able && deploy(`${name} is being deployed`, { app: name }) }, "Deploy again");
    row.more = h("details", {}, h("summary", {}, "What it wrote last"), row.wrote);
    row.element = h("li", { class: "app" },
      h("span", {}, h("a", { href: `http://${name}.localhost:${port}/`, target: "_blank", rel: "noopener noreferrer" }, name), " ", row.status),
      h("div", { class: "do" }, row.again, row.line), row.said, row.more,
      h("div", { class: "do" }, h("button", { type: "button", class: "danger", "aria-label": `Destroy ${name}`, onclick: () => this.#destroy(name) }, "Destroy"), copyable(destroyLine(name))));
    return row;
  }

  #refresh(row, app) {
    const told = this.state.deploys[app.name];
    say(row.status, app.status);
    row.line.update(told?.line ?? "flyo deploy --local");
    // Not `disabled`, by which the one who has just pressed it with a key would lose the focus.
    row.able = Boolean(told) && !told.running;
    row.again.setAttribute("aria-disabled", String(!row.able));
    say(row.said, words(told));
    say(row.wrote, told?.wrote.join("\n") ?? "");
    row.more.hidden = !told?.wrote.length;
  }

  #destroy(name) {
    const dialog = byId("ask");
    say(byId("ask-what"), `Destroy ${name} with its machines, volumes and secrets?`);
    byId("ask-no").onclick = () => dialog.close();
    byId("ask-yes").onclick = () => { dialog.close(); act(`${name} is destroyed`, "DELETE", `/v1/apps/${name}`); };
    dialog.showModal();
  }
}

function words(told) {
  if (!told) return "Where its project is was not told yet: run this once in its directory, then it can be deployed from here.";
  if (told.running) return "A deploy that was started here is under way.";
  if (told.exit === null) return "";
  return `The last deploy from here ended with exit status ${told.exit}.`;
}
