// Replay the vectors of what crosses the wire, in the runtime's own functions: prints what each of them gives.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const wire = await import(pathToFileURL(process.env.GENERATED + "/runtime/wire.js").href);
const cookie = await import(pathToFileURL(process.env.GENERATED + "/runtime/cookie.js").href);
const { context, carriers, answers, upload } = JSON.parse(readFileSync(0, "utf8"));
const confirmedCookie = (value) => {
  globalThis.document = { cookie: `a=1; trackside_ok=${value}; b=2` };
  return wire.readConfirmed(decodeURIComponent(wire.cookies("trackside_ok")[0]));
};
/** What a page takes of the cookies alone, where the server takes one of ours. */
const chosen = ({ cookies }) => {
  globalThis.document = { cookie: cookies };
  return wire.read(cookie.newest()) ?? null;
};
const members = ({ device_id, session_id, seen_at, attribution, consent }) => ({
  d: device_id ?? undefined,
  s: session_id ?? undefined,
  t: seen_at ?? undefined,
  a: Object.keys(attribution)[0] ? attribution : undefined,
  c: consent ?? undefined,
});
process.stdout.write(
  JSON.stringify({
    written: context.write.map((row) => wire.write(members(row.carried))),
    read: context.read.map((row) => wire.read(row.text) ?? null),
    readBack: context.write.map((row) => wire.read(row.text) ?? null),
    chosen: carriers.find.map((row) => (row.header == null && row.cookies ? chosen(row) : null)),
    confirmed: answers.confirmed.map((row) => [wire.readConfirmed(row.header), confirmedCookie(row.cookie)]),
    answers: answers.read.map((row) => wire.readConfirmed(row.header)),
    who: upload.who.map((row) => wire.hash(row.user_id)),
  }),
);
