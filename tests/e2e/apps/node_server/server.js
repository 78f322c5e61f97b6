import { createServer } from "node:http";

const region = process.env.FLY_REGION ?? "nowhere";
const machine = process.env.FLY_MACHINE_ID ?? "none";

const server = createServer((request, response) => {
  const path = new URL(request.url, "http://app").pathname;
  if (path === "/health") {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ status: "ok", region, machine }));
  } else if (path === "/") {
    response.setHeader("Content-Type", "text/plain");
    response.end(`node in ${region}\n`);
  } else {
    response.statusCode = 404;
    response.end("not found\n");
  }
});

const port = Number(process.env.PORT ?? 8080);
server.listen(port, process.env.HOST ?? "0.0.0.0", () => console.log(`listening on ${port} in ${region}`));

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}
