// Opens a session with the key behind # of the link that `flyo local open` makes, then shows the page.
const key = location.hash.slice(1);

async function open() {
  const answer = await fetch("/_page/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ key }),
  });
  if (answer.ok) return location.replace("/");
  const said = await answer.json();
  document.getElementById("problem").textContent = `${said.error}. Run flyo local open again.`;
  history.replaceState(null, "", "/");
}

if (key) await open();
