// Asks the daemon, and says what came of it at the foot of the page.
import { byId } from "./dom.js";

let fading = 0;

export function tell(text, bad = false) {
  const said = byId("said");
  said.textContent = text;
  said.classList.toggle("bad", bad);
  said.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => said.classList.remove("shown"), bad ? 10000 : 4000);
}

async function send(method, path, body) {
  const answer = await fetch(path, { method, headers: { "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  const said = text ? JSON.parse(text) : null;
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(said?.error ?? `the platform answered ${answer.status}`);
  return said;
}

export const look = (path) => send("GET", path);

// Does something and says so; gives whether it was done.
async function done(asked, what) {
  try {
    await asked;
    tell(what);
    return true;
  } catch (problem) {
    tell(problem.message, true);
    return false;
  }
}

export const act = (what, method, path, body) => done(send("POST", "/_page/act", { method, path, body }), what);
export const traffic = (what, wanted) => done(wanted ? send("POST", "/_page/traffic", wanted) : send("DELETE", "/_page/traffic", {}), what);
export const deploy = (what, wanted) => done(send("POST", "/_page/deploy", wanted), what);
