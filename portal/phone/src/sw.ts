// The service worker keeps the app's own files, so that it opens without a network and a release is
// either all old or all new. It never touches the phone API, and nothing of a person's is in it.

/** Set by the build: the files of this release, and its name. */
declare const SHELL: string[];
declare const RELEASE: string;

const worker = self as unknown as ServiceWorkerGlobalScope;
const cacheName = `rsign-${RELEASE}`;

worker.addEventListener("install", (event) => {
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(SHELL.map((f) => new Request(f, { cache: "reload" })))));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== cacheName) await caches.delete(name);
    await worker.clients.claim();
  })());
});

worker.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== worker.location.origin || !SHELL.includes(url.pathname)) return;
  event.respondWith((async () => {
    const cache = await caches.open(cacheName);
    return await cache.match(url.pathname) ?? fetch(event.request);
  })());
});
