// Compute many keys: reads [[kind, plan, name, parts], ...] on standard input, prints the insert_id or null of each.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { keyOf, textKey } = await import(pathToFileURL(process.env.GENERATED + "/runtime/keys.js").href);

const ids = JSON.parse(readFileSync(0, "utf8")).map(([kind, namespace, name, parts]) => {
  const names = parts.map((_, index) => `part_${index}`);
  const wire = Object.fromEntries(parts.map((part, index) => [names[index], part]));
  const key = kind === "text" ? textKey(name, names) : keyOf({ namespace: namespace.replace(/-/g, "").replace(/../g, "%$&") }, names);
  return key(wire, name, {}) ?? null;
});
process.stdout.write(JSON.stringify(ids));
