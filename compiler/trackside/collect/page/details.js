// One event, all of it: what is said against it at the property that is at fault, and the other copies of its fact.

import { WORDS, place } from "./rows.js";
import { clock, count, counted, cut, duration, json, make, plain, read, shape, shown } from "./text.js";

const MOST_LINES = 500;
const LONGEST_VALUE = 320;
const DEEPEST = 8;
const FIRST = ["event_type", "user_id", "device_id", "session_id", "insert_id", "time", "event_properties", "user_properties"];
const LAST = ["ingestion_metadata", "plan", "library"];

export class Details {
  /** `onGo(row)` is called for another copy that somebody chose. */
  constructor(rows, { onGo, onClose }) {
    this.rows = rows;
    this.onGo = onGo;
    this.onClose = onClose;
    this.aside = document.getElementById("details");
    this.row = null;
    this.full = null;
  }

  get isOpen() {
    return !this.aside.hidden;
  }

  open(row) {
    const isNew = row !== this.row;
    this.row = row;
    if (isNew) this.full = null;
    this.aside.hidden = false;
    this.draw();
    if (isNew) this.aside.scrollTop = 0;
    if (isNew && row.isHead) this.#load(row);
  }

  close() {
    this.aside.hidden = true;
    this.row = null;
    this.onClose();
  }

  /** Draw anew, as when another copy came. */
  draw() {
    if (!this.row) return;
    const { row } = this;
    const event = this.full?.event ?? row.event;
    const reasons = this.full?.reasons ?? row.reasons;
    const parts = [this.#head(row), this.#facts(row, event)];
    if (reasons.length) parts.push(this.#reasons(row, reasons));
    const copies = this.rows.copies(row);
    if (copies.length > 1) parts.push(this.#copies(row, copies));
    if (row.isHead && !this.full) parts.push(make("p", "note", "This event is large; the rest of it is coming."));
    parts.push(members(event, reasons));
    const focused = this.aside.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    this.aside.replaceChildren(...parts);
    if (focused) this.aside.querySelector(`[data-action="${focused}"]`)?.focus();
    this.aside.setAttribute("aria-label", plain(`Event ${row.name}`));
  }

  async #load(row) {
    try {
      const answer = await fetch(`/event/${row.number}`);
      if (!answer.ok || row !== this.row) return;
      this.full = read(await answer.text());
      this.draw();
    } catch {
      // The destination is gone; the page says so elsewhere.
    }
  }

  #head(row) {
    const head = make("header", "", shown("h2", "", row.name));
    const copy = button("copy", "Copy JSON");
    copy.addEventListener("click", async () => {
      try {
        const answer = await fetch(`/event/${row.number}`);
        if (!answer.ok) throw new Error(String(answer.status));
        await navigator.clipboard.writeText(JSON.stringify(JSON.parse(await answer.text()).event, null, 2));
        copy.textContent = "Copied";
      } catch {
        copy.textContent = "Not copied";
      }
      setTimeout(() => (copy.textContent = "Copy JSON"), 1500);
    });
    const raw = make("a", "", "Raw");
    raw.href = `/event/${row.number}`;
    raw.target = "_blank";
    raw.dataset.action = "raw";
    const close = button("close", "Close");
    close.addEventListener("click", () => this.close());
    head.append(make("div", "actions", copy, raw, close));
    return head;
  }

  #facts(row, event) {
    const words = this.rows.verdict(row);
    const verdict = make("p", `verdict ${row.verdict}`, shape(row.verdict));
    verdict.append(plain([row.verdict === "good" ? "good" : null, ...words].filter(Boolean).join(" · ")));
    const line = make("p", "when", `came at ${clock(row.at)} from `);
    line.append(shown("b", "", row.stated ?? "no stated source"));
    const time = Number(event.time);
    if (Number.isFinite(time) && time > 0) {
      const late = row.at - time;
      line.append(late >= 0 ? `, ${duration(late)} after its time` : `, ${duration(late)} before its time`);
    }
    return make("div", "facts", verdict, line);
  }

  #reasons(row, reasons) {
    const list = make("ul", "reasons");
    for (const reason of reasons.slice(0, 50)) {
      const item = make("li", "");
      if (reason.path.length) item.append(shown("code", "", cut(place(reason.path), 200)), " ");
      item.append(shown("span", "", cut(reason.says, 400)));
      list.append(item);
    }
    if (reasons.length > 50) list.append(make("li", "", `and ${count(reasons.length - 50)} more`));
    const title = row.verdict === "refused" ? "The intake refuses it" : "Not as the plan has it";
    return make("section", `against ${row.verdict}`, make("h3", "", title), list);
  }

  #copies(row, copies) {
    const section = make("section", "copies");
    const isPair = this.rows.isPaired(row);
    const winner = this.rows.winner(row);
    const counting = copies.filter((one) => one.verdict === "good" || one.verdict === "bad");
    section.append(make("h3", "", `${isPair ? "One fact" : "One event"}, ${counted(copies.length, "copy").replace("copys", "copies")}`));
    const list = make("ul", "");
    for (const one of copies.slice(0, 20)) {
      const go = button(`copy-${one.number}`, "");
      go.append(shape(one.verdict), shown("b", "", one.lane.name), make("span", "", clock(one.at)));
      const word = counting.includes(one) ? (counting.length > 1 ? "counted" : "won") : WORDS[one.verdict];
      go.append(make("span", "words", word));
      if (one === row) go.setAttribute("aria-current", "true");
      go.addEventListener("click", () => this.onGo(one));
      list.append(make("li", "", go));
    }
    section.append(list);
    if (copies.length > 20) section.append(make("p", "note", `and ${count(copies.length - 20)} more`));
    if (counting.length > 1) {
      const devices = new Set(counting.map((one) => json(one.event.device_id)));
      const why = devices.size > 1 ? "they carry the same insert_id on different devices" : "seven days lie between them";
      section.append(make("p", "warning", `Counted ${count(counting.length)} times: ${why}.`));
    } else if (isPair && winner && winner.lane.side === "client" && copies.some((one) => one.lane.side === "server" && one.verdict === "duplicates")) {
      section.append(make("p", "warning", "The client's copy came first: what the server states is not counted."));
    }
    const other = isPair ? copies.find((one) => one.stated !== row.stated) : undefined;
    if (other && !row.isHead && !other.isHead) section.append(differences(row, other));
    return section;
  }
}

/** Say in which properties two copies differ: side by side what both have, by name what one has alone. */
function differences(row, other) {
  const part = make("div", "");
  const [mine, theirs] = [row, other].map((one) => one.event.event_properties ?? {});
  const both = Object.keys(mine).filter((name) => Object.hasOwn(theirs, name));
  const differing = both.filter((name) => json(mine[name]) !== json(theirs[name])).slice(0, 30);
  if (differing.length) {
    const table = make("table", "differences");
    const head = make("tr", "", heading("property"), heading(row.lane.name), heading(other.lane.name));
    table.append(make("caption", "unseen", "Properties that differ"), make("thead", "", head));
    const body = make("tbody", "");
    for (const name of differing) {
      const title = shown("th", "", cut(name, 60));
      title.scope = "row";
      body.append(make("tr", "", title, ...[mine, theirs].map((values) => shown("td", "", cut(json(values[name]), 60)))));
    }
    table.append(body);
    part.append(table);
  }
  for (const [one, values, others] of [[row, mine, theirs], [other, theirs, mine]]) {
    const names = Object.keys(values).filter((name) => !Object.hasOwn(others, name));
    if (!names.length) continue;
    const line = make("p", "alone", `Only ${plain(one.lane.name)} has `);
    line.append(shown("code", "", cut(names.slice(0, 30).join(", "), 600)));
    part.append(line);
  }
  if (!part.childElementCount) part.append(make("p", "note", "Their properties are the same."));
  else if (!differing.length && both.length) part.prepend(make("p", "note", "What both have is the same."));
  return part;
}

function heading(text) {
  const cell = shown("th", "", text);
  cell.scope = "col";
  return cell;
}

/** Write all members of an event, with the reasons at those that are at fault. */
function members(event, reasons) {
  const list = make("ul", "members");
  const budget = { left: MOST_LINES };
  const rest = Object.keys(event).filter((name) => !FIRST.includes(name) && !LAST.includes(name));
  const absent = reasons.map((reason) => reason.path[0]).filter((name) => name !== undefined && !Object.hasOwn(event, name));
  for (const name of new Set([...FIRST, ...rest, ...LAST, ...absent])) {
    const about = reasons.filter((reason) => reason.path[0] === name);
    if (Object.hasOwn(event, name)) put(list, name, event[name], about, 1, budget);
    else if (about.length) list.append(missing(name, about, 1));
  }
  if (budget.left <= 0) list.append(make("li", "note", "There is more: see it raw."));
  return list;
}

function put(list, name, value, reasons, depth, budget) {
  if (budget.left <= 0) return;
  budget.left -= 1;
  const here = reasons.filter((reason) => reason.path.length === depth);
  const inside = reasons.filter((reason) => reason.path.length > depth);
  const item = make("li", here.length ? "at-fault" : "");
  const line = make("div", "line", shown("span", "member", cut(String(name), 120)));
  item.append(line);
  const isOpen = value !== null && typeof value === "object";
  if (!isOpen || depth >= DEEPEST) {
    line.append(written(value));
    if (inside.length) here.push(...inside);
  } else {
    const entries = Array.isArray(value) ? value.map((one, index) => [index, one]) : Object.entries(value);
    if (!entries.length) line.append(make("span", "value none", Array.isArray(value) ? "[ ]" : "{ }"));
    else if (Array.isArray(value)) line.append(make("span", "size", counted(entries.length, "item")));
    const inner = make("ul", "");
    const known = new Set(entries.map(([step]) => step));
    for (const [step, one] of entries) {
      put(inner, step, one, inside.filter((reason) => reason.path[depth] === step), depth + 1, budget);
    }
    const absent = new Set(inside.map((reason) => reason.path[depth]).filter((step) => !known.has(step)));
    for (const step of absent) {
      inner.append(missing(step, inside.filter((reason) => reason.path[depth] === step), depth + 1));
    }
    if (inner.childElementCount) item.append(inner);
  }
  if (here.length) line.after(said(here));
  list.append(item);
}

function missing(name, reasons, depth) {
  const path = reasons[0].path.slice(depth - 1);
  const item = make("li", "at-fault absent", make("div", "line", shown("span", "member", cut(path.length > 1 ? place(path) : String(name), 120))));
  item.append(said(reasons));
  return item;
}

function said(reasons) {
  const note = make("p", "fault", shape("bad"));
  note.append(shown("span", "", cut(reasons.map((reason) => reason.says).join("; "), 500)));
  return note;
}

function written(value) {
  const kind = value === null ? "none" : typeof value === "string" ? "text" : typeof value;
  const text = json(value);
  if (text.length <= LONGEST_VALUE) return shown("span", `value ${kind}`, text);
  const short = make("span", `value ${kind}`, shown("span", "", cut(text, LONGEST_VALUE)));
  const more = button("more", `all ${count(text.length)} characters`);
  more.addEventListener("click", () => short.replaceWith(shown("span", `value ${kind}`, text)));
  short.append(" ", more);
  return short;
}

function button(action, text) {
  const element = make("button", "", text);
  element.type = "button";
  element.dataset.action = action;
  return element;
}
