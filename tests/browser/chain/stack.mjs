// The whole chain as processes: `trackside collect`, the stall's server, its deliver worker; and between the browser and
// the server a line of which a test decides what passes.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { launchBrowser, person } from "../person.mjs";
import { until } from "../site.mjs";

export { launchBrowser, person, until };

const { PYTHON, SITE, PLAN, ROOT } = process.env;
const HERE = import.meta.dirname ?? new URL(".", import.meta.url).pathname;

/** Start a process, and wait for its first line, which begins so once it is ready. */
const launch = async (ready, args, env = {}) => {
  const child = spawn(PYTHON, args, {
    env: { ...process.env, TRACKSIDE_STRICT: "0", PYTHONPATH: `${SITE}:${ROOT}/compiler`, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = [];
  child.stderr.on("data", (text) => said.push(String(text)));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout });
  const place = await new Promise((resolve, reject) => {
    lines.on("line", (line) => line.startsWith(ready) && resolve(line.slice(ready.length).trim()));
    ended.then(() => reject(new Error(`${args.join(" ")} did not start:\n${said.join("")}`)));
  });
  return {
    place,
    said,
    ended,
    kill: async (name = "SIGKILL") => {
      child.kill(name);
      await ended;
    },
  };
};

const ask = async (url, body) => {
  const init = body && { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  return (await fetch(url, init)).json();
};

/** Start `trackside collect`, with the plan that it compares events with, or `--no-check`. */
export const collect = async (...args) => {
  const process = await launch("collecting at ", ["-m", "trackside", "collect", "--port", "0", ...args]);
  const url = process.place;
  return {
    url,
    good: () => ask(`${url}/good`),
    bad: () => ask(`${url}/bad`),
    duplicates: () => ask(`${url}/duplicates`),
    stats: () => ask(`${url}/stats`),
    faults: (...faults) => ask(`${url}/faults`, faults),
    reset: () => ask(`${url}/reset`, {}),
    close: () => process.kill("SIGTERM"),
  };
};

/** @param {{sink?: "outbox" | "memory", exists?: boolean}} options */
export const start = async ({ sink = "outbox", exists = false } = {}) => {
  const folder = await mkdtemp(join(tmpdir(), "chain-"));
  const database = join(folder, "stall.db");
  const destination = await collect(PLAN);
  const env = { DATABASE: database, SINK: sink, EXISTS: exists ? "1" : "", DESTINATION: destination.url };
  const lines = new Set();
  const stack = {
    destination,
    /** Start the server anew, after it was killed; what it is told of other origins is kept. */
    serve: async (origins = {}) => {
      stack.server = await launch("listening at ", [join(HERE, "app.py")], Object.assign(env, origins));
    },
    work: async () => {
      const args = ["-m", "backend", "deliver", "--store", database, "--api-key", "local", "--lease", "1"];
      stack.worker = await launch("deliver from ", [...args, "--server-url", `${destination.url}/2/httpapi`], env);
    },
    /** Run the nightly job to its end; give what it counted. */
    job: async (run) => JSON.parse((await launch("", [join(HERE, "app.py"), "job", run], env)).place),
    ask: (path, body) => ask(`http://127.0.0.1:${stack.server.place}${path}`, body),
    /** Wait until nothing is on its way from the server to the destination. */
    delivered: () => until(async () => (await stack.ask("/state")).done, "the end of the server's events", 30_000),
    /** A line to the server: an origin of its own for the browser. */
    line: async () => {
      const sockets = new Set();
      const cut = () => sockets.forEach((socket) => socket.destroy());
      const line = {
        origin: "",
        /**
         * What passes: "pass" all; "refuse" nothing; "swallow" requests, and their connection ends before the answer;
         * "hold" requests, and their answer never comes; "lose" nothing, and nobody is told.
         */
        mode: "pass",
        /** How many requests got lost and were given up by the browser. */
        lost: 0,
        pass: () => (cut(), (line.mode = "pass")),
        close: () => (cut(), proxy.close(), lines.delete(line)),
      };
      const proxy = createServer((near) => {
        if (line.mode == "refuse") return near.destroy();
        const far = connect(+stack.server.place, "127.0.0.1");
        for (const socket of [near, far]) {
          sockets.add(socket);
          socket.on("error", () => {});
          socket.on("close", () => (near.destroy(), far.destroy(), sockets.delete(socket)));
        }
        near.on("data", (data) => {
          if (line.mode == "refuse") near.destroy();
          else if (line.mode == "lose") near.once("close", () => line.lost++);
          else far.write(data);
        });
        far.on("data", (data) => {
          // The request has come through and was answered; nobody hears of it.
          if (line.mode == "swallow") near.destroy();
          else if (line.mode != "hold") near.write(data);
        });
      });
      await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      line.origin = `http://127.0.0.1:${proxy.address().port}`;
      lines.add(line);
      return line;
    },
    close: async () => {
      for (const line of lines) line.close();
      await Promise.all([stack.worker?.kill("SIGTERM"), stack.server.kill("SIGTERM"), destination.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
  await Promise.all([stack.serve(), sink == "outbox" && stack.work()]);
  return stack;
};
