// Listens to the daemon, keeps what it told, and has the parts of the page drawn when something is other than before.
import { act } from "./api.js";
import { Answers } from "./answers.js";
import { Apps } from "./apps.js";
import { copyable, delaysLine } from "./commands.js";
import { byId, say } from "./dom.js";
import { Faults, Traffic } from "./forms.js";
import { Machines } from "./machines.js";
import { Panel } from "./panel.js";
import { Person } from "./person.js";
import { Requests } from "./requests.js";
import { RolloutView } from "./rollout_view.js";
import { Rollouts } from "./rollout.js";
import { World } from "./world.js";

const state = {
  port: 0, version: "", regions: new Map(), machines: new Map(), apps: [], faults: [], kinds: [], delays: false,
  traffic: null, deploys: {}, load: {}, rate: {}, seconds: [], perSecond: { seen: 0, shown: 0 }, selected: null, rollouts: new Rollouts(), skew: 0,
};

function select(selected) {
  state.selected = selected;
  drawSoon();
  requestAnimationFrame(() => byId("panel-title")?.focus());
}

const world = new World(select), requests = new Requests(world), rolloutView = new RolloutView(byId("rollout"));
const parts = [world, new Machines(select), new Panel(state, select), new Person(state, world), new Apps(state), new Traffic(state), requests, new Answers(), rolloutView];
const faults = new Faults(state);
parts.push(faults);
const counting = { seen: 0, shown: 0 };
const line = copyable(delaysLine(true));
byId("delays-line").append(line);
// While the platform is asked, the box stays as it was set. Milliseconds between two looks.
const LOOK = 200;
let switching = false;
byId("delays").addEventListener("change", async (event) => {
  const on = event.target.checked;
  switching = true;
  const done = await act(on ? "traffic between regions takes as long as it does" : "traffic between regions takes no time", "PUT", "/_local/settings", { delays: on });
  // What came of it is told with the next look at the platform (hub.py).
  if (done) await new Promise((told) => setTimeout(told, 2 * LOOK));
  switching = false;
  drawSoon();
});

let due = false;
function drawSoon() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    for (const part of parts) part.draw(state);
    const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;
    say(byId("summary"), [count(state.apps.length, "app", "apps"), count([...state.machines.values()].filter((one) => one.managed).length, "machine", "machines"), count(state.faults.length, "fault", "faults"), `port ${state.port}`].join(" · "));
    if (!switching && byId("delays").checked !== state.delays) byId("delays").checked = state.delays;
    line.update(delaysLine(!state.delays));
  });
}

const heard = {
  world(told) {
    Object.assign(state, { port: told.port, version: told.version, apps: told.apps, faults: told.faults, kinds: told.kinds, delays: told.delays, traffic: told.traffic, deploys: told.deploys });
    state.machines = new Map(Object.entries(told.machines));
    state.seconds = told.history;
    state.skew = told.now * 1000 - Date.now();
    if (!state.regions.size) {
      world.place(told.regions);
      state.regions = world.regions;
      faults.build();
    }
    state.rollouts.clear();
    say(byId("connection"), "live");
    document.body.classList.remove("away");
  },
  change(told) {
    for (const name of ["apps", "faults", "delays"]) if (name in told) state[name] = told[name];
    for (const [id, one] of Object.entries(told.machines ?? {})) state.machines.set(id, one);
    for (const id of told.gone ?? []) state.machines.delete(id);
  },
  deploys(told) { state.deploys = told.deploys; },
  traffic(told) { state.traffic = told.traffic; },
  requests(told) {
    counting.seen += told.seen;
    counting.shown += told.shown.length;
    requests.see(told, state.perSecond.seen);
  },
  second(told) {
    state.seconds.push({ at: told.at, regions: told.regions });
    state.seconds.splice(0, state.seconds.length - 125);
    Object.assign(state, { rate: told.machines, load: told.load, perSecond: { ...counting } });
    counting.seen = counting.shown = 0;
  },
  rollout(told) { state.rollouts.hear(told.run, told.events); },
};

const source = new EventSource("/_page/stream");
for (const [name, hear] of Object.entries(heard)) source.addEventListener(name, (event) => { hear(JSON.parse(event.data)); drawSoon(); });
source.addEventListener("error", () => {
  say(byId("connection"), "the platform does not answer; trying again");
  document.body.classList.add("away");
  // A daemon that was started anew knows no session of the old one, and ends the stream for good.
  if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 2000);
});
