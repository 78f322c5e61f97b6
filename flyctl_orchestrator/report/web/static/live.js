// Follows a rollout while it happens: the report on it, drawn anew with every message. Nothing can be done from here.
const AWAY = "the command does not answer; it may have ended";
let following = true, received = 0, over = false;
PLAY.replaceWith(h("button", { type: "button", id: "play", "aria-pressed": "true", onclick: () => follow(true) }, "Follow"));
moved = () => follow(false);

function follow(on) {
  following = on;
  byId("play").setAttribute("aria-pressed", String(on));
  if (on && run) go(run.lasted);
}

const WORDS = { preparing: "is being prepared" };
unfinished = () => WORDS[run.state] ?? run.state;

function draw(told) {
  over = told.over;
  received = performance.now();
  places = told.places;
  if (told.run) {
    run = told.run;
    const what = run.rehearsal ? "Rehearsal" : `${run.kind[0].toUpperCase()}${run.kind.slice(1)}`;
    say(byId("title"), `${what}${run.id ? ` ${run.id.split("-")[0]}` : ""} of ${run.app}`);
    document.title = `${byId("title").textContent}: ${run.result.result?.replaceAll("_", " ") ?? unfinished()}`;
    say(byId("end-title"), run.result.result ? "How it ended" : "Now");
    const at = byId("at").moment;
    redraw();
    go(following ? run.lasted : at);
  }
  if (over) byId("live").textContent = run ? "the command has ended; this stays as it is until the page is closed" : "the command has ended before it began";
  else say(byId("live"), "live");
}

// The key stands behind # of the link, works once, and is nowhere else afterwards.
async function signIn() {
  const key = location.hash.slice(1);
  if (!key) return;
  history.replaceState(null, "", "/");
  await fetch("/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ key }) });
}

function listen() {
  const source = new EventSource("/events");
  source.addEventListener("message", (event) => {
    draw(JSON.parse(event.data));
    // The command waits for this before it ends.
    if (over) source.close();
  });
  source.addEventListener("error", () => {
    const gone = source.readyState === EventSource.CLOSED;
    say(byId("live"), gone ? "this browser is not signed in: the link that the command printed signs one browser in, once" : AWAY);
  });
}

byId("began").after(h("p", { id: "live", role: "status", class: "quiet" }, "connecting…"));
setInterval(() => { if (run && following && !over) countDown(run.lasted + performance.now() - received); }, 250);
signIn().then(listen, () => say(byId("live"), AWAY));
