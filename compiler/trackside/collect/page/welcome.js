// What stands where no event is: where to send, with the lines to configure.

import { make } from "./text.js";

const WAYS = [
  ["Generated Python", (address) => `configure(sink=HttpSink("local", server_url="${address}/2/httpapi"))`],
  ["Amplitude's Python SDK", (address) => `Amplitude("local", Config(server_url="${address}/2/httpapi"))`],
  ["Amplitude's browser SDK", (address) => `amplitude.init("local", { serverUrl: "${address}/2/httpapi" })`],
  [
    "By hand",
    (address) =>
      `curl ${address}/2/httpapi -d '{"api_key": "local", "events": [{"event_type": "tried", "device_id": "device-1"}]}'`,
  ],
];

/** Write where to send. */
export function welcome(section, { plan, sources }) {
  const address = location.origin;
  const title = make("h2", "", "Nothing has come yet");
  const lead = make("p", "lead", "Send events to ", make("code", "address", `${address}/2/httpapi`));
  lead.append(", Batch to ", make("code", "", "/batch"), ". Any API key will do, unless --key says another.");
  const list = make("dl", "");
  for (const [name, write] of WAYS) {
    const line = write(address);
    const copy = make("button", "copy", "Copy");
    copy.type = "button";
    copy.setAttribute("aria-label", `Copy the line for: ${name}`);
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(line);
        copy.textContent = "Copied";
      } catch {
        copy.textContent = "Not copied";
      }
      setTimeout(() => (copy.textContent = "Copy"), 1500);
    });
    list.append(make("dt", "", name, copy), make("dd", "", make("pre", "", make("code", "", line))));
  }
  const end = make("p", "note");
  if (plan === null) end.append("Events are compared with no plan.");
  else {
    const names = sources.map((source) => source.name).join(", ");
    end.append(`Each event is compared with the plan ${plan} as it comes; its sources are ${names}.`);
  }
  section.replaceChildren(title, lead, list, end);
}
