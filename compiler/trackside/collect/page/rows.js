// What the page holds: the newest events, the lanes that they are in, the facts that join them. No part of the document.

import { counted, json } from "./text.js";

/** Events held; the oldest go first. */
export const MOST_ROWS = 5000;

/** Copies of a fact that a new copy draws anew. */
const MOST_COPIES = 50;

const MOST_LANES = 8;
const LONGEST_SUMMARY = 160;
const LONGEST_VALUE = 120;
const SDK_PREFIX = "[Amplitude]";
const UNKNOWN = { stated: null, name: "other", side: "" };

export const WORDS = { good: "good", bad: "bad", duplicates: "duplicate", refused: "refused" };

export class Rows {
  constructor() {
    this.begin({ sources: [], plan: null, context: [] });
  }

  /**
   * Forget all; the lanes are those of the plan, or come as their events come where there is none. `context` names the
   * properties that come with many events by themselves.
   */
  begin({ sources, plan, context }) {
    this.plan = plan;
    this.context = new Set(context);
    this.lanes = sources.map((source) => ({ ...source, events: 0 }));
    this.clear();
  }

  clear() {
    this.all = [];
    this.facts = new Map();
    this.names = new Map();
    this.pairs = 0;
    this.missed = 0;
    this.lanes = this.lanes.filter((lane) => this.plan !== null && lane.stated !== null);
    for (const lane of this.lanes) lane.events = 0;
  }

  /** Take events as the stream tells them; return their rows, and those before that they changed. */
  add(told) {
    const added = [];
    const changed = new Set();
    for (const one of told) {
      const row = this.#row(one);
      this.all.push(row);
      added.push(row);
      row.lane.events += 1;
      this.names.set(row.name, (this.names.get(row.name) ?? 0) + 1);
      for (const other of this.#join(row)) changed.add(other);
    }
    return { added, changed };
  }

  /** Drop the oldest beyond what is held; return them. */
  trim() {
    const dropped = this.all.splice(0, Math.max(0, this.all.length - MOST_ROWS));
    for (const row of dropped) {
      row.lane.events -= 1;
      const left = this.names.get(row.name) - 1;
      if (left) this.names.set(row.name, left);
      else this.names.delete(row.name);
      const fact = this.facts.get(row.insertId);
      if (!fact) continue;
      if (isPair(fact)) this.pairs -= 1;
      fact.splice(fact.indexOf(row), 1);
      if (isPair(fact)) this.pairs += 1;
      if (!fact.length) this.facts.delete(row.insertId);
    }
    this.missed += dropped.length;
    return dropped;
  }

  /** Give the copies of the row's fact, in the order in which they came, itself among them. */
  copies(row) {
    return this.facts.get(row.insertId) ?? [row];
  }

  /** Tell whether the row's fact came from more than one source. */
  isPaired(row) {
    return isPair(this.copies(row));
  }

  /** Give the copy that counts, when it is held: the first, since the others are duplicates of it. */
  winner(row) {
    const won = this.copies(row).filter(counts);
    return won.length ? won.findLast((one) => one.number <= row.number && sameDevice(one, row)) ?? won[0] : null;
  }

  /** Say in a few words what became of the row. */
  verdict(row) {
    const words = row.verdict === "good" ? [] : [WORDS[row.verdict]];
    if (!this.isPaired(row) || row.verdict === "refused") return words;
    const copies = this.copies(row);
    if (row.verdict === "duplicates") {
      const winner = this.winner(row);
      if (winner && winner.stated !== row.stated) words.push(`${winner.lane.name} won`);
    } else if (copies.filter(counts).length > 1) {
      words.push("counted twice");
    } else {
      const beaten = copies.filter((one) => one.verdict === "duplicates" && one.stated !== row.stated);
      if (beaten.length) words.push(`won over ${beaten[0].lane.name}`);
    }
    return words;
  }

  #row({ number, at, verdict, event, reasons, is_head: isHead = false }) {
    const stated = text(event.ingestion_metadata?.source_name);
    const row = {
      number, at, verdict, event, reasons, isHead, stated,
      name: text(event.event_type) ?? "?",
      insertId: text(event.insert_id),
      lane: this.#lane(stated),
    };
    return row;
  }

  #lane(stated) {
    const known = this.lanes.find((lane) => lane.stated === stated && stated !== null);
    if (known) return known;
    if (this.plan === null && stated !== null && this.lanes.length < MOST_LANES) {
      return this.#add({ stated, name: stated.slice(0, 60), side: "", events: 0 });
    }
    return this.lanes.find((lane) => lane.stated === null) ?? this.#add({ ...UNKNOWN, events: 0 });
  }

  #add(lane) {
    this.lanes.push(lane);
    return lane;
  }

  #join(row) {
    if (row.insertId === null) return [];
    const fact = this.facts.get(row.insertId);
    if (!fact) {
      this.facts.set(row.insertId, [row]);
      return [];
    }
    const was = isPair(fact);
    fact.push(row);
    if (!isPair(fact)) return [];
    if (!was) this.pairs += 1;
    return fact.slice(0, Math.min(fact.length - 1, MOST_COPIES));
  }
}

/** Tell whether a row passes the filters. */
export function passes(row, filters, rows) {
  if (filters.verdicts.size && !filters.verdicts.has(row.verdict)) return false;
  if (filters.event && row.name !== filters.event) return false;
  if (filters.source !== null && row.lane !== filters.source) return false;
  if (filters.pairs && !rows.isPaired(row)) return false;
  if (!filters.words.length) return true;
  row.text ??= json([row.event, row.reasons.map((reason) => reason.text)]).toLowerCase();
  return filters.words.every((word) => row.text.includes(word));
}

/** Give what an event holds for one line, as pairs of a name and a text: its own properties, then what comes with many. */
export function summary(row, context) {
  if (row.summary) return row.summary;
  const isShared = ([name]) => context.has(name) || name.startsWith(SDK_PREFIX);
  const all = held(row.event);
  row.summary = [];
  let length = 0;
  for (const [name, value] of [...all.filter((one) => !isShared(one)), ...all.filter(isShared)]) {
    const pair = [name.slice(0, LONGEST_VALUE), short(value)];
    row.summary.push(pair);
    length += pair[0].length + pair[1].length;
    if (length > LONGEST_SUMMARY) break;
  }
  return row.summary;
}

/** Give where the plan is broken, as short as can be understood, and what is said of it. */
export function fault({ path, says, text }) {
  const steps = ["event_properties", "user_properties", "ingestion_metadata"].includes(path[0]) && path.length > 1 ? path.slice(1) : path;
  return { at: place(steps), says: path.length ? says : text };
}

/** Write the steps to a member: `items[0].sku`. */
export function place(path) {
  return path.map((step, index) => (typeof step === "number" ? `[${step}]` : index ? `.${step}` : step)).join("");
}

function held(event) {
  const properties = Object.entries(object(event.event_properties) ?? {});
  if (properties.length) return properties;
  return Object.entries(object(event.user_properties) ?? {}).flatMap(([name, value]) =>
    name.startsWith("$") && object(value) ? Object.entries(value) : [[name, value]],
  );
}

function short(value, isInside = false) {
  if (typeof value === "string") return value.slice(0, LONGEST_VALUE) || '""';
  if (!object(value)) return json(value);
  const entries = Object.entries(value);
  if (Array.isArray(value) && (isInside || value.some(object))) return counted(value.length, "item");
  if (isInside) return "{…}";
  const some = entries.slice(0, 3).map(([name, one]) => (Array.isArray(value) ? short(one, true) : `${name} ${short(one, true)}`));
  if (entries.length > some.length) some.push("…");
  const text = some.join(", ").slice(0, LONGEST_VALUE);
  return Array.isArray(value) ? `[${text}]` : `{${text}}`;
}

function isPair(fact) {
  return fact.length > 1 && fact.some((one) => one.stated !== fact[0].stated);
}

function counts(row) {
  return row.verdict === "good" || row.verdict === "bad";
}

function sameDevice(one, other) {
  return one.event.device_id === other.event.device_id;
}

function text(value) {
  return typeof value === "string" && value ? value : null;
}

function object(value) {
  return value !== null && typeof value === "object" ? value : null;
}
