// A site on loopback: pages with a strict policy, the generated modules, an endpoint that answers as the destination
// does and keeps what came, and an API whose answers confirm a fact, refuse it, say nothing of it, or never come.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";

const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-src 'self'";
const PAGE = `<!doctype html><title>A page</title><script type="module" src="/page.js"></script>`;
const SCRIPT = `import * as web from "/web/index.js"; window.web = web; web.configure(window.settings); document.title = "Ready";`;

/** @param {string} [other] a second plan's modules, at `/other/` */
export const start = async (folder = process.env.GENERATED, other = "") => {
  const site = {
    origin: "",
    /** What a page runs. */
    script: SCRIPT,
    uploads: /** @type {any[]} */ ([]),
    requests: /** @type {any[]} */ ([]),
    /** How the endpoint answers the next requests: a status, "reset", nothing for 200, or "proxy": a 400 of another's. */
    faults: /** @type {any[]} */ ([]),
    known: new Set(),
    later: new Set(),
    /** All events that came and were taken, doubles included. */
    taken: () => site.uploads.filter(({ status }) => status === 200).flatMap(({ body }) => body.events),
    /** What the destination counts: one event for each device and insert_id. */
    counted: () => [...new Map(site.taken().map((event) => [event.device_id + event.insert_id, event])).values()],
    /** The line to it of a person. */
    line: async () => ({ origin: site.origin, close: () => {} }),
    close: () => (server.closeAllConnections(), server.close()),
  };
  const endpoint = (request, response, text) => {
    const fault = site.faults.shift();
    if (fault === "reset") return request.socket.destroy();
    if (fault === "proxy") return response.writeHead(400, { "content-type": "text/html" }).end("<h1>Bad Request</h1>");
    const status = fault ?? 200;
    const body = JSON.parse(text);
    site.uploads.push({ status, body, to: request.url, type: request.headers["content-type"], cookie: request.headers.cookie ?? "" });
    const listed = (ids) => body.events.map((event) => event.insert_id).filter((id) => ids.has(id));
    response.writeHead(status, { "content-type": "application/json", ...(status === 429 && { "retry-after": "1" }) });
    response.end(
      JSON.stringify({ code: status, trackside: { known: listed(site.known), later: listed(site.later) } }),
    );
  };
  const api = (request, response, url) => {
    const [, , outcome, id] = url.pathname.split("/");
    if (outcome === "never") return request.socket.destroy();
    if (outcome === "hang") return undefined;
    const headers = { "content-type": "text/html", "content-security-policy": POLICY };
    if (outcome === "confirmed") headers["Trackside-Confirmed"] = `1 ${id}`;
    if (outcome === "none") headers["Trackside-Outcome"] = "none";
    if (outcome === "redirect") {
      headers.location = "/thanks";
      headers["set-cookie"] = `trackside_ok=1%20${id}; Max-Age=60; Path=/; SameSite=Lax`;
    }
    response.writeHead(outcome === "redirect" ? 303 : outcome === "refused" ? 402 : 200, headers);
    response.end("{}");
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, site.origin);
    let text = "";
    request.setEncoding("utf8");
    for await (const part of request) text += part;
    site.requests.push({ path: url.pathname, headers: request.headers });
    if (url.pathname === "/t") endpoint(request, response, text);
    else if (url.pathname.startsWith("/api/")) api(request, response, url);
    else if (url.pathname.startsWith("/web/")) {
      response.setHeader("content-type", "text/javascript");
      response.end(await readFile(join(folder, url.pathname.slice(5))));
    } else if (url.pathname.startsWith("/other/")) {
      response.setHeader("content-type", "text/javascript");
      response.end(await readFile(join(other, url.pathname.slice(7))));
    } else if (url.pathname === "/page.js") {
      response.setHeader("content-type", "text/javascript");
      response.end(site.script);
    } else {
      response.setHeader("content-type", "text/html");
      response.setHeader("content-security-policy", POLICY);
      response.end(PAGE);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  site.origin = `http://127.0.0.1:${server.address().port}`;
  return site;
};

/** Wait until something holds. */
export const until = async (holds, what, ms = 8000) => {
  const end = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};
