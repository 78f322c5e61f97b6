// The command line that does the same as a click, and the button that copies it.
import { h } from "./dom.js";

const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
const line = (...words) => words.map(String).map(quoted).join(" ");

export const machineLine = (action, machine) => line("flyo", "local", "machine", action, machine.id, "-a", machine.app);
export const destroyLine = (app) => line("flyo", "local", "destroy", app);
export const clearLine = (id) => line("flyo", "local", "fault", "clear", id);
export const clearAllLine = () => "flyo local fault clear --all";
export const delaysLine = (on) => `flyo local up ${on ? "--delays" : "--no-delays"}`;

// What `crash` of page/actions.py does.
export const crashLine = (app, region, deployed) => `${faultLine({ name: "crash-loop", app, region, for: "2m", set: { after: "0.1s", release: "new" } })} && ${deployed}`;

export function faultLine(fault) {
  const words = ["flyo", "local", "fault", "add", fault.name];
  for (const name of ["region", "app", "machine", "for", "times", "chance"]) if (fault[name]) words.push(`--${name}`, fault[name]);
  for (const [name, value] of Object.entries(fault.set ?? {})) words.push("--set", `${name}=${value}`);
  return line(...words);
}

export function trafficLine(wanted, port) {
  const pause = Math.round(1000 / wanted.per_second) / 1000;
  const urls = wanted.regions.map((region) => quoted(`http://${region}.${wanted.app}.localhost:${port}${wanted.path}`));
  const asked = urls.map((url) => `curl -so /dev/null ${url}; sleep ${pause}`).join("; ");
  return `while true; do ${asked}; done`;
}

// A command line to read and to copy; `update` changes it.
export function copyable(text) {
  const code = h("code", { title: text }, text);
  const button = h("button", { type: "button", class: "copy", "aria-label": `Copy: ${text}` }, "Copy");
  let back = 0;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
    clearTimeout(back);
    back = setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  const element = h("span", { class: "line" }, code, button);
  element.update = (now) => {
    if (code.textContent === now) return;
    code.textContent = now;
    code.title = now;
    button.setAttribute("aria-label", `Copy: ${now}`);
  };
  return element;
}
