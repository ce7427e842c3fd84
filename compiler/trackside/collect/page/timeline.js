// The events side by side: one line each, in the order in which they came, in the lane of their source. Only the lines in
// sight are in the document, so that thousands cost as much as fifty.

import { fault, passes, summary } from "./rows.js";
import { clock, count, cut, make, plain, shape, shown } from "./text.js";

const BEYOND_SIGHT = 8;
const NEAR_THE_END = 30;

// In pixels. A line begins in its lane and runs on over those to its right, which it does not share: only the last lane
// needs the room of a whole line, and has it before the others do. Where it would have too little, one lane has two lines.
const WHOLE_LINE = 560;
const LEAST_LINE = 250;
const LEAST_WIDTH = 640;
const BUSY_LANE = 108;
const IDLE_LANE = 60;
const TIME = 136;

export class Timeline {
  #elements = new Map();
  #drawn = false;
  #height = 0;
  #unseen = 0;
  #lit = null;
  #isStacked = false;

  /** `onOpen(row)` is called for a row that was clicked, `onMove(row)` for one that became the active one. */
  constructor(rows, filters, { onOpen, onMove }) {
    this.rows = rows;
    this.filters = filters;
    this.shown = [];
    this.active = null;
    this.follows = true;
    this.onMove = onMove;
    this.grid = document.getElementById("grid");
    this.head = document.getElementById("lanes");
    this.scroll = document.getElementById("scroll");
    this.list = document.getElementById("list");
    this.newer = document.getElementById("newer");
    this.scroll.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(this.scroll);
    this.newer.addEventListener("click", () => this.last());
    const rowOf = (event) => this.#elements.get(Number(event.target.closest?.("[data-number]")?.dataset.number))?.row;
    this.list.addEventListener("click", (event) => {
      const row = rowOf(event);
      if (!row || String(document.getSelection())) return;
      this.move(row);
      onOpen(row);
    });
    this.list.addEventListener("pointerover", (event) => this.#light(rowOf(event) ?? null));
    this.list.addEventListener("pointerleave", () => this.#light(null));
    this.grid.addEventListener("focusin", () => {
      if (!this.active && this.shown.length) this.move(this.shown.at(-1), { keep: true });
    });
  }

  /** Bring in what `Rows.add` and `Rows.trim` gave. */
  change({ added, changed, dropped }) {
    if (dropped.length) {
      const first = this.rows.all[0]?.number ?? Infinity;
      let gone = this.shown.findIndex((row) => row.number >= first);
      if (gone < 0) gone = this.shown.length;
      this.shown.splice(0, gone);
      if (!this.follows) this.scroll.scrollTop -= gone * this.#height;
      if (this.active && this.active.number < first) this.active = null;
    }
    const isRefiltered = this.filters.pairs && [...changed].some((row) => !this.shown.includes(row));
    for (const row of changed) this.#forget(row);
    if (isRefiltered) this.refilter();
    else {
      const fresh = added.filter((row) => passes(row, this.filters, this.rows));
      for (const row of fresh) this.shown.push(row);
      if (!this.follows) this.#unseen += fresh.length;
    }
    this.draw();
  }

  /** Judge all rows by the filters anew. */
  refilter() {
    this.shown = this.rows.all.filter((row) => passes(row, this.filters, this.rows));
    if (this.active && !this.shown.includes(this.active)) this.active = null;
    this.#unseen = 0;
    this.#redraw();
    if (this.active) this.#reveal(this.shown.indexOf(this.active));
  }

  /** Forget all rows. */
  clear() {
    this.shown = [];
    this.active = null;
    this.follows = true;
    this.#unseen = 0;
    this.#lit = null;
    this.#redraw();
  }

  /** Make a row the active one; with `keep`, without scrolling and without a word to others. */
  move(row, { keep = false } = {}) {
    const before = this.active;
    this.active = row;
    for (const one of [before, row]) if (one) this.#mark(one);
    this.#light(row);
    const place = this.shown.indexOf(row);
    if (!keep && place >= 0) {
      this.#reveal(place);
      this.onMove(row);
    }
    this.#render();
  }

  /** Move by so many rows; where none is active, to the first or the last in sight. */
  step(by) {
    if (!this.shown.length) return;
    const { scrollTop, clientHeight } = this.scroll;
    let place = Math.floor(by > 0 ? Math.ceil(scrollTop / this.#height) : (scrollTop + clientHeight) / this.#height - 1);
    if (this.active) place = this.shown.indexOf(this.active) + by;
    this.move(this.shown[Math.min(this.shown.length - 1, Math.max(0, place))]);
  }

  /** Move to the next row, in a direction, that `wanted` accepts. */
  seek(direction, wanted) {
    const from = this.active ? this.shown.indexOf(this.active) : direction > 0 ? -1 : this.shown.length;
    for (let place = from + direction; place >= 0 && place < this.shown.length; place += direction) {
      if (wanted(this.shown[place])) return this.move(this.shown[place]);
    }
  }

  first() {
    if (this.shown.length) this.move(this.shown[0]);
  }

  /** Go to the newest row, and stay there. */
  last() {
    if (this.shown.length) this.move(this.shown.at(-1));
    this.follows = true;
    this.#unseen = 0;
    this.draw();
  }

  get page() {
    return Math.max(1, Math.floor(this.scroll.clientHeight / this.#height) - 1);
  }

  /** Draw in the next frame; many changes become one drawing. */
  draw() {
    if (this.#drawn) return;
    this.#drawn = true;
    requestAnimationFrame(() => {
      this.#drawn = false;
      this.#render();
    });
  }

  /** Draw the heads of the lanes. A lane without events is narrow. */
  drawLanes() {
    const { lanes } = this.rows;
    const last = lanes.findLastIndex((lane) => lane.events);
    const least = lanes.map((lane) => (lane.events ? BUSY_LANE : IDLE_LANE));
    const others = least.reduce((sum, width, index) => sum + (index === last ? 0 : width), 0);
    const width = this.scroll.clientWidth;
    const room = width - TIME - others;
    if (last >= 0) least[last] = Math.max(BUSY_LANE, Math.min(WHOLE_LINE, room));
    const isStacked = width < LEAST_WIDTH || (last >= 0 && room < LEAST_LINE);
    if (this.grid.classList.toggle("stacked", isStacked) !== this.#isStacked) {
      this.#isStacked = isStacked;
      this.#measure();
    }
    const widths = lanes.map((lane, index) =>
      lane.events ? `minmax(${least[index]}px, 1fr)` : `minmax(${IDLE_LANE}px, ${IDLE_LANE * 1.5}px)`,
    );
    const template = ["var(--gutter)", ...(lanes.length ? widths : ["1fr"])].join(" ");
    if (this.grid.style.getPropertyValue("--columns") !== template) {
      this.grid.style.setProperty("--columns", template);
    }
    const cells = lanes.map((lane, index) => {
      const cell = make("div", lane.events ? "lane" : "lane empty");
      cell.append(shown("span", "name", lane.name));
      cell.append(make("span", "number", count(lane.events)));
      if (lane.side) cell.append(make("span", "side", lane.side));
      cell.setAttribute("role", "columnheader");
      cell.setAttribute("aria-colindex", String(index + 2));
      cell.title = plain(lane.stated ?? "events that state no source, or one that the plan does not have");
      return cell;
    });
    const time = make("div", "time", "came at");
    time.setAttribute("role", "columnheader");
    time.setAttribute("aria-colindex", "1");
    this.head.replaceChildren(time, ...cells);
    this.grid.setAttribute("aria-colcount", String(lanes.length + 1));
  }

  #resized() {
    if (!this.scroll.clientWidth) return; // hidden: there is nothing to measure
    this.drawLanes();
    this.#measure();
    this.#render();
  }

  /** Read how tall a line is, which differs between one lane and several; what was in sight stays so. */
  #measure() {
    const height = Number.parseFloat(getComputedStyle(this.grid).getPropertyValue("--row"));
    if (height === this.#height) return;
    const top = this.#height ? this.scroll.scrollTop / this.#height : 0;
    this.#height = height;
    this.#redraw();
    this.#stretch();
    const place = this.active ? this.shown.indexOf(this.active) : Infinity;
    if (place * height < this.scroll.scrollHeight - this.scroll.clientHeight) this.follows = false;
    this.scroll.scrollTop = this.follows ? this.scroll.scrollHeight : top * height;
    if (this.active) this.#reveal(place);
  }

  #scrolled() {
    this.follows = this.#isAtTheEnd();
    if (this.follows) this.#unseen = 0;
    this.draw();
  }

  #isAtTheEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroll;
    return scrollHeight - scrollTop - clientHeight < NEAR_THE_END;
  }

  #reveal(place) {
    const top = place * this.#height;
    const { scrollTop, clientHeight } = this.scroll;
    if (top < scrollTop) this.scroll.scrollTop = top;
    else if (top + this.#height > scrollTop + clientHeight) {
      this.#stretch();
      this.scroll.scrollTop = top + this.#height - clientHeight;
    }
  }

  #stretch() {
    this.list.style.height = `${this.shown.length * this.#height}px`;
  }

  #redraw() {
    for (const { element } of this.#elements.values()) element.remove();
    this.#elements.clear();
    this.draw();
  }

  #forget(row) {
    const drawn = this.#elements.get(row.number);
    if (!drawn) return;
    drawn.element.remove();
    this.#elements.delete(row.number);
  }

  #render() {
    if (!this.#height) return;
    this.#stretch();
    if (this.follows) this.scroll.scrollTop = this.scroll.scrollHeight;
    const start = Math.max(0, Math.floor(this.scroll.scrollTop / this.#height) - BEYOND_SIGHT);
    const stop = Math.min(
      this.shown.length,
      Math.ceil((this.scroll.scrollTop + this.scroll.clientHeight) / this.#height) + BEYOND_SIGHT,
    );
    const wanted = new Map();
    for (let place = start; place < stop; place += 1) wanted.set(this.shown[place].number, place);
    // The active row stays in the document wherever it is: assistive technology reads it there.
    const place = this.active ? this.shown.indexOf(this.active) : -1;
    if (place >= 0) wanted.set(this.active.number, place);
    for (const [number, { element }] of this.#elements) {
      if (wanted.has(number)) continue;
      element.remove();
      this.#elements.delete(number);
    }
    for (const [number, at] of wanted) this.#put(this.shown[at], number, at);
    this.grid.setAttribute("aria-rowcount", String(this.shown.length + 1));
    if (place >= 0) this.grid.setAttribute("aria-activedescendant", `row-${this.active.number}`);
    else this.grid.removeAttribute("aria-activedescendant");
    this.newer.hidden = this.follows || !this.#unseen;
    this.newer.textContent = `↓ ${count(this.#unseen)} new`;
  }

  #put(row, number, place) {
    let drawn = this.#elements.get(number);
    if (!drawn) {
      drawn = { row, element: this.#line(row), place: -1 };
      this.#elements.set(number, drawn);
      this.list.append(drawn.element);
      this.#mark(row);
    }
    if (drawn.place === place) return;
    drawn.place = place;
    drawn.element.style.transform = `translateY(${place * this.#height}px)`;
    drawn.element.setAttribute("aria-rowindex", String(place + 2));
  }

  #line(row) {
    const words = this.rows.verdict(row);
    const element = make("div", `row ${row.verdict}`);
    element.id = `row-${row.number}`;
    element.dataset.number = String(row.number);
    element.setAttribute("role", "row");
    if (this.rows.isPaired(row)) element.classList.add("paired");
    if (words.includes("counted twice")) element.classList.add("twice");
    const time = make("div", "time", clock(row.at));
    time.setAttribute("role", "gridcell");
    time.setAttribute("aria-colindex", "1");
    const lane = this.rows.lanes.indexOf(row.lane);
    const cell = make("div", "cell", shape(row.verdict));
    cell.style.setProperty("--lane", String(lane + 2));
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-colindex", String(lane + 2));
    cell.append(make("span", "unseen", row.verdict === "good" ? "good: " : ""));
    const name = shown("span", "name", cut(row.name, 80));
    name.style.setProperty("--letters", String(name.textContent.length));
    cell.append(name);
    cell.append(shown("span", "source", row.lane.stated === null ? (row.stated ?? "no source").slice(0, 60) : row.lane.name));
    cell.append(this.#rest(row, words));
    for (let before = 0; before < lane; before += 1) {
      const guide = make("i", "guide");
      guide.setAttribute("aria-hidden", "true");
      guide.style.setProperty("--lane", String(before + 2));
      element.append(guide);
    }
    element.append(time, cell);
    return element;
  }

  /** Write what stands after the name: what became of the event, then what is wrong with it or what it holds. */
  #rest(row, words) {
    const rest = make("div", "rest");
    if (words.length) {
      const [first, ...more] = words;
      const said = make("span", "words", make("span", "word", plain(first)));
      if (more.length) said.append(make("span", "word", " · "), plain(more.join(" · ")));
      rest.append(said);
    }
    if (this.rows.isPaired(row)) rest.append(shape("pair", "joined"), make("span", "unseen", "pair"));
    if (row.reasons.length) {
      const { at, says } = fault(row.reasons[0]);
      if (at) rest.append(shown("b", "at", cut(at, 80)));
      rest.append(shown("span", "says", cut(says, 300)));
      if (row.reasons.length > 1) rest.append(make("span", "more", `+${count(row.reasons.length - 1)} more`));
      return rest;
    }
    const line = make("span", "summary", row.isHead ? "large: open to read" : "");
    const pairs = row.isHead ? [] : summary(row, this.rows.context);
    pairs.forEach(([name, value], index) => {
      line.append(index ? " " : "", shown("i", "", name), " ", shown("span", "", value));
    });
    rest.append(line);
    return rest;
  }

  #mark(row) {
    const element = this.#elements.get(row.number)?.element;
    if (!element) return;
    element.classList.toggle("active", row === this.active);
    element.setAttribute("aria-selected", String(row === this.active));
    const fact = this.#lit && this.rows.isPaired(this.#lit) ? this.rows.copies(this.#lit) : [];
    element.classList.toggle("lit", fact.includes(row));
  }

  #light(row) {
    const lit = row ?? this.active;
    if (lit === this.#lit) return;
    this.#lit = lit;
    for (const { row: one } of this.#elements.values()) this.#mark(one);
  }
}
