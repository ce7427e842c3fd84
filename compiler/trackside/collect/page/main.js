// The page: the stream that feeds it, the filters, the keys.

import { Details } from "./details.js";
import { MOST_ROWS, Rows, passes } from "./rows.js";
import { Timeline } from "./timeline.js";
import { clock, count, counted, cut, duration, plain, read } from "./text.js";
import { welcome } from "./welcome.js";

const MOST_NAMES = 300;
const SAY_EVERY = 4000;
const TYPING = 120;

const $ = (id) => document.getElementById(id);
const rows = new Rows();
const filters = { words: [], verdicts: new Set(), event: "", source: null, pairs: false };
const details = new Details(rows, { onGo: go, onClose: () => focusGrid() });
const timeline = new Timeline(rows, filters, {
  onOpen: (row) => open(row),
  onMove: (row) => details.isOpen && details.open(row),
});
let hello = null;
let waiting = []; // what came during a pause
let isPaused = false;
let numbers = { good: 0, bad: 0, duplicates: 0, refused: 0, forgotten: 0, requests: {} };
let dismissed = 0;
let unsaid = { events: 0, bad: 0, duplicates: 0, refused: 0 };

// --- what comes ---

const stream = new EventSource("/live");
stream.addEventListener("open", () => link("live", "live"));
stream.addEventListener("error", () => {
  if (stream.readyState === EventSource.CLOSED) link("gone", "refused: reload to try again");
  else link("gone", "no connection, trying again");
});
stream.addEventListener("hello", (message) => {
  const said = JSON.parse(message.data);
  if (said.resumed && hello) return;
  hello = said;
  waiting = [];
  rows.begin(hello);
  timeline.clear();
  if (details.isOpen) details.close();
  $("plan").textContent = hello.plan === null ? "no plan" : plain(hello.plan);
  welcome($("welcome"), hello);
  controls();
});
stream.addEventListener("events", (message) => {
  const told = read(message.data);
  if (!isPaused) take(told.events, told.missed);
  else {
    rows.missed += told.missed;
    waiting.push(...told.events);
    const over = Math.max(0, waiting.length - MOST_ROWS);
    rows.missed += over;
    waiting.splice(0, over);
    pauseButton();
  }
});
stream.addEventListener("counts", (message) => {
  numbers = JSON.parse(message.data);
  controls();
});
stream.addEventListener("reset", () => {
  waiting = [];
  unsaid = { events: 0, bad: 0, duplicates: 0, refused: 0 };
  rows.clear();
  timeline.clear();
  if (details.isOpen) details.close();
  controls();
  pauseButton();
  say("Cleared");
});

function take(told, missed = 0) {
  rows.missed += missed;
  const { added, changed } = rows.add(told);
  const dropped = rows.trim();
  timeline.change({ added, changed, dropped });
  if (details.isOpen && (changed.has(details.row) || added.includes(details.row))) details.draw();
  unsaid.events += added.length;
  for (const row of added) if (row.verdict !== "good") unsaid[row.verdict] += 1;
  controls();
}

// --- what stands around the events ---

let isDrawn = false;

/** Draw counts, lanes and choices in the next frame. */
function controls() {
  if (isDrawn) return;
  isDrawn = true;
  requestAnimationFrame(() => {
    isDrawn = false;
    timeline.drawLanes();
    const shown = { ...numbers, bad: numbers.bad - numbers.refused };
    for (const button of document.querySelectorAll("[data-verdict]")) {
      button.querySelector("b").textContent = count(shown[button.dataset.verdict]);
    }
    $("pairs").querySelector("b").textContent = count(rows.pairs);
    choices();
    notices();
    const isEmpty = !rows.all.length;
    const isFiltered = filters.words.length || filters.verdicts.size || filters.event || filters.source || filters.pairs;
    $("welcome").hidden = !isEmpty || !hello;
    $("grid").hidden = isEmpty;
    $("nothing").hidden = isEmpty || timeline.shown.length > 0;
    $("main").classList.toggle("is-open", details.isOpen);
    const parts = [];
    if (!isEmpty) {
      parts.push(isFiltered ? `${count(timeline.shown.length)} of ${counted(rows.all.length, "event")}` : counted(rows.all.length, "event"));
    }
    if (rows.missed) parts.push(`${count(rows.missed)} earlier not shown`);
    const requests = Object.entries(numbers.requests);
    const answers = requests.map(([status, number]) => `${count(number)} × ${status === "0" ? "no answer" : status}`);
    if (requests.length) parts.push(`requests: ${answers.join(", ")}`);
    $("tally").textContent = parts.join("  ·  ");
  });
}

function notices() {
  const { trouble, faults, ahead } = numbers;
  const isNew = trouble && trouble.at > dismissed;
  $("trouble").hidden = !isNew;
  if (isNew) {
    const why = trouble.error ? `: ${cut(plain(trouble.error), 200)}` : "";
    const kept = trouble.is_taken ? "its events were taken" : "nothing of it was taken";
    const by = trouble.is_fault ? ", by a fault that is set" : "";
    $("trouble").firstElementChild.textContent =
      `${clock(trouble.at * 1000)} a request to ${trouble.endpoint} got ${trouble.status}${why}${by}; ${kept}.`;
  }
  $("faults").hidden = !faults;
  $("faults").firstElementChild.textContent = `${counted(faults ?? 0, "fault")} ${faults === 1 ? "is" : "are"} set: requests may fail because somebody asked for it.`;
  $("ahead").hidden = !ahead;
  $("ahead").firstElementChild.textContent = `The destination's clock is ${duration((ahead ?? 0) * 1000)} ${ahead < 0 ? "behind" : "ahead"}.`;
}

/** Offer the events and the sources that are there; a choice is never taken away from under somebody. */
function choices() {
  const names = [...rows.names.keys()].slice(0, MOST_NAMES).sort();
  if (filters.event && !names.includes(filters.event)) names.unshift(filters.event);
  offer($("event"), "Every event", names, names, filters.event);
  const { lanes } = rows;
  offer($("source"), "Every source", lanes.map((lane) => lane.name), lanes.map((_, index) => String(index)), filters.source ? String(lanes.indexOf(filters.source)) : "");
}

function offer(select, all, names, values, chosen) {
  const key = JSON.stringify([names, values]);
  if (select.dataset.key === key) return;
  select.dataset.key = key;
  const options = names.map((name, index) => new Option(cut(plain(name), 60), values[index]));
  select.replaceChildren(new Option(all, ""), ...options);
  select.value = chosen;
}

function link(state, words) {
  $("link").dataset.state = state;
  $("link").textContent = words;
}

function say(words) {
  $("said").textContent = words;
}

setInterval(() => {
  if (!unsaid.events) return;
  const parts = [counted(unsaid.events, "event")];
  if (unsaid.bad) parts.push(`${unsaid.bad} bad`);
  if (unsaid.duplicates) parts.push(counted(unsaid.duplicates, "duplicate"));
  if (unsaid.refused) parts.push(`${unsaid.refused} refused`);
  say(parts.join(", "));
  unsaid = { events: 0, bad: 0, duplicates: 0, refused: 0 };
}, SAY_EVERY);

// --- filters ---

function refilter() {
  timeline.refilter();
  for (const button of document.querySelectorAll("[data-verdict]")) {
    button.setAttribute("aria-pressed", String(filters.verdicts.has(button.dataset.verdict)));
  }
  $("pairs").setAttribute("aria-pressed", String(filters.pairs));
  controls();
}

function showAll() {
  Object.assign(filters, { words: [], event: "", source: null, pairs: false });
  filters.verdicts.clear();
  $("text").value = "";
  $("event").value = "";
  $("source").value = "";
  refilter();
}

function toggleVerdict(verdict) {
  if (!filters.verdicts.delete(verdict)) filters.verdicts.add(verdict);
  refilter();
}

function togglePairs() {
  filters.pairs = !filters.pairs;
  refilter();
}

let typed = 0;
$("text").addEventListener("input", () => {
  clearTimeout(typed);
  typed = setTimeout(() => {
    filters.words = $("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    refilter();
  }, TYPING);
});
$("event").addEventListener("change", () => {
  filters.event = $("event").value;
  refilter();
});
$("source").addEventListener("change", () => {
  filters.source = $("source").value === "" ? null : rows.lanes[Number($("source").value)];
  refilter();
});
for (const button of document.querySelectorAll("[data-verdict]")) {
  button.addEventListener("click", () => toggleVerdict(button.dataset.verdict));
}
$("pairs").addEventListener("click", togglePairs);
$("filters").addEventListener("submit", (event) => event.preventDefault());
$("nothing").querySelector("button").addEventListener("click", () => {
  showAll();
  focusGrid();
});

// --- deeds ---

function open(row) {
  details.open(row);
  controls();
  if (matchMedia("(max-width: 720px)").matches) details.aside.querySelector('[data-action="close"]').focus();
}

/** Go to a row, and show it although the filters hide it. */
function go(row) {
  if (!passes(row, filters, rows)) showAll();
  timeline.move(row);
  if (details.isOpen) details.open(row);
}

function other() {
  const { active } = timeline;
  if (!active) return;
  const copies = rows.copies(active);
  if (copies.length > 1) go(copies[(copies.indexOf(active) + 1) % copies.length]);
}

function focusGrid() {
  controls();
  if (!$("grid").hidden) $("grid").focus({ preventScroll: true });
}

function pause() {
  isPaused = !isPaused;
  if (!isPaused) take(waiting.splice(0));
  pauseButton();
  say(isPaused ? "Paused" : "Going on");
}

function pauseButton() {
  $("pause").setAttribute("aria-pressed", String(isPaused));
  $("pause").textContent = !isPaused ? "Pause" : waiting.length ? `Go on: ${count(waiting.length)}` : "Go on";
}

async function clear() {
  try {
    const answer = await fetch("/reset", { method: "POST" });
    if (!answer.ok) say("Not cleared");
  } catch {
    say("Not cleared: no connection");
  }
}

$("pause").addEventListener("click", pause);
$("clear").addEventListener("click", clear);
$("help").addEventListener("click", () => $("manual").showModal());
$("manual").addEventListener("click", (event) => {
  if (event.target === $("manual")) $("manual").close();
});
$("trouble").querySelector("button").addEventListener("click", () => {
  dismissed = numbers.trouble?.at ?? 0;
  controls();
});
$("faults").querySelector("button").addEventListener("click", () => {
  fetch("/faults", { method: "POST", body: "[]" }).catch(() => say("Not taken away: no connection"));
});

// --- keys ---

const KEYS = {
  j: () => timeline.step(1),
  ArrowDown: () => timeline.step(1),
  k: () => timeline.step(-1),
  ArrowUp: () => timeline.step(-1),
  PageDown: () => timeline.step(timeline.page),
  PageUp: () => timeline.step(-timeline.page),
  g: () => timeline.first(),
  Home: () => timeline.first(),
  G: () => timeline.last(),
  End: () => timeline.last(),
  n: () => timeline.seek(1, (row) => row.verdict !== "good"),
  N: () => timeline.seek(-1, (row) => row.verdict !== "good"),
  o: other,
  p: togglePairs,
  1: () => toggleVerdict("good"),
  2: () => toggleVerdict("bad"),
  3: () => toggleVerdict("duplicates"),
  4: () => toggleVerdict("refused"),
  X: clear,
  "?": () => $("manual").showModal(),
  "/": () => $("text").select(),
  " ": pause,
  Enter: () => {
    const { active } = timeline;
    if (active && details.isOpen && details.row === active) details.close();
    else if (active) open(active);
  },
  Escape: () => {
    if (details.isOpen) details.close();
    else showAll();
  },
};
const MOVES = new Set(["j", "k", "g", "G", "n", "N", "o", "ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"]);
const OWN = { INPUT: true, SELECT: true, TEXTAREA: true };
const PRESSED = new Set([" ", "Enter"]);
const SCROLLED = new Set(["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"]);

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if ($("manual").open) return;
  const { key, target } = event;
  if (OWN[target.tagName]) {
    if (key === "Escape" || (key === "Enter" && target === $("text"))) {
      event.preventDefault();
      if (key === "Escape" && target === $("text") && target.value) {
        target.value = "";
        filters.words = [];
        refilter();
      } else focusGrid();
    }
    return;
  }
  const isPressable = target.closest?.("button, a, summary");
  if (isPressable && PRESSED.has(key)) return;
  if (SCROLLED.has(key) && details.aside.contains(target)) return;
  const deed = KEYS[key];
  if (!deed) return;
  event.preventDefault();
  deed();
  if (MOVES.has(key) && !details.aside.contains(target)) $("grid").focus({ preventScroll: true });
});

timeline.drawLanes();
