// Keeps the last dashboard and the files it needs. The dashboard is painted from here at once and then asked for again by
// the page itself (board.js); it is forgotten when anything but a tick is changed, and when nobody is signed in.
"use strict";

const PAGE = "page";
const FILES = "files";
// Goes up with every change: a page that was asked for before one is not kept after it.
let changes = 0;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (url.pathname === "/api/ticks") {
    // Sent from here, it outlives the page: a browser drops what a page that is left has only handed to us.
    const sent = fetch(request);
    event.waitUntil(sent.catch(() => null));
    event.respondWith(sent);
    return;
  }
  if (request.method !== "GET") {
    if (!url.pathname.startsWith("/api/")) event.waitUntil(forget());
    return;
  }
  if (url.pathname.startsWith("/static/") && url.searchParams.has("v")) event.respondWith(file(request));
  else if (url.pathname === "/dashboard" && request.headers.has("X-Refresh")) event.respondWith(fetchPage(event));
  else if (url.pathname === "/dashboard" && request.mode === "navigate") event.respondWith(open(event));
  else if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => offline()));
});

function forget() {
  changes += 1;
  return caches.delete(PAGE);
}

async function file(request) {
  const kept = await caches.match(request, { cacheName: FILES });
  return kept || fetch(request);
}

async function open(event) {
  const kept = await caches.match("/dashboard", { cacheName: PAGE });
  // Whoever reloads wants it from the server.
  const reload = event.request.cache !== "default";
  if (kept && !reload) return mark(kept);
  try {
    return await fetchPage(event);
  } catch {
    return kept ? mark(kept) : offline();
  }
}

async function fetchPage(event) {
  const before = changes;
  const answer = await fetch(event.request);
  if (answer.type === "opaqueredirect" || answer.redirected || answer.status === 401) event.waitUntil(forget());
  else if (answer.ok) event.waitUntil(keep(answer.clone(), before));
  return answer;
}

async function keep(answer, before) {
  const text = await answer.clone().text();
  const names = new Set(text.match(/\/static\/[\w.-]+\?v=\w+/g));
  const files = await caches.open(FILES);
  const known = await files.keys();
  const paths = known.map((request) => new URL(request.url)).map((url) => url.pathname + url.search);
  await Promise.all([...names].filter((name) => !paths.includes(name)).map((name) => files.add(name)));
  await Promise.all(known.filter((_, at) => !names.has(paths[at])).map((request) => files.delete(request)));
  if (before !== changes) return;
  const page = await caches.open(PAGE);
  await page.put("/dashboard", answer);
}

// Tells the page that it was painted from here.
async function mark(kept) {
  const text = (await kept.text()).replace('<main id="main"', '<main id="main" data-kept');
  return new Response(text, { headers: kept.headers });
}

function offline() {
  const text =
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    "<title>Offline · Habits</title><h1>You are offline</h1><p>This page needs the server. " +
    '<a href="/dashboard">Your habits</a> can be seen and ticked once they have been opened on this device.</p></html>';
  return new Response(text, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}
