// Judge many values: reads [[event, other arguments, property, how, value], ...] on standard input, prints the wire form
// or the reason of each. `how` builds what JSON cannot say.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const web = await import(pathToFileURL(process.env.GENERATED + "/index.js").href);
const { events, copies } = web.capture();

const MAKERS = {
  json: (value) => value,
  float: (text) => ({ nan: NaN, inf: Infinity, "-inf": -Infinity })[text],
  integer: Number,
  bigint: BigInt,
  Date: (text) => new Date(text === "invalid" ? NaN : text),
  undefined: () => [undefined],
};

/** JSON prints -0 as 0, and would hide that it came through. */
const isClean = (wire) =>
  wire && typeof wire === "object" ? Object.values(wire).every(isClean) : wire !== undefined && !Object.is(wire, -0);

const verdicts = JSON.parse(readFileSync(0, "utf8")).map(([name, others, property, how, value]) => {
  const given = { ...others, [property]: MAKERS[how](value) };
  const event = web[name].pending ? web[name].pending(given) : web[name](given, { userId: "user-12345" });
  const sent = [...events.splice(0), ...copies.splice(0)][0];
  const properties = sent ? sent.event_properties : {};
  if (!isClean(properties)) throw new Error(`${name}: -0 or undefined is in ${JSON.stringify(properties)}`);
  const reason = event.problems.map((problem) => `${problem.property} ${problem.reason}`).join(", ");
  return Object.hasOwn(properties, property) ? { wire: properties[property] } : { reason };
});
process.stdout.write(JSON.stringify(verdicts));
