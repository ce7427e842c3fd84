// The events side by side: one line each, in the order in which they came, in the lane of their source. Only the lines in
// sight are in the document, so that thousands cost as much as fifty.

import { passes, summary } from "./rows.js";
import { clock, count, make, plain, shape, shown } from "./text.js";

const BEYOND_SIGHT = 8;
const NEAR_THE_END = 30;

/** Pixels; where lanes are narrower, a line runs on over the lanes to its right, which it does not share. */
const NARROW_LANE = 330;

export class Timeline {
  #elements = new Map();
  #drawn = false;
  #height = 0;
  #unseen = 0;
  #lit = null;

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
    const busy = lanes.filter((lane) => lane.events).length;
    const isTight = busy > 0 && this.scroll.clientWidth / busy < NARROW_LANE;
    this.grid.classList.toggle("tight", isTight);
    const idle = isTight ? "minmax(0, 2.6rem)" : "minmax(0, 5.5rem)";
    const last = lanes.findLastIndex((lane) => lane.events);
    const widths = lanes.map((lane, index) => {
      if (!lane.events) return idle;
      return isTight && index === last ? "minmax(8rem, 1.8fr)" : "minmax(0, 1fr)";
    });
    const template = ["var(--gutter)", ...(lanes.length ? widths : ["1fr"])].join(" ");
    if (this.grid.style.getPropertyValue("--columns") !== template) {
      this.grid.style.setProperty("--columns", template);
    }
    const cells = lanes.map((lane, index) => {
      const cell = make("div", lane.events ? "lane" : "lane empty");
      cell.append(shown("span", "name", lane.name));
      if (lane.side) cell.append(make("span", "side", lane.side));
      cell.append(make("span", "number", count(lane.events)));
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
    const height = Number.parseFloat(getComputedStyle(this.grid).getPropertyValue("--row"));
    if (height !== this.#height) {
      const top = this.#height ? this.scroll.scrollTop / this.#height : 0;
      this.#height = height;
      this.#redraw();
      if (!this.follows) this.scroll.scrollTop = top * height;
    }
    this.drawLanes();
    this.#render();
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroll;
    const isAtTheEnd = scrollHeight - scrollTop - clientHeight < NEAR_THE_END;
    if (isAtTheEnd) this.#unseen = 0;
    this.follows = isAtTheEnd;
    this.draw();
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
    cell.append(shown("span", "name", row.name.slice(0, 80)));
    cell.append(shown("span", "source", row.lane.stated === null ? (row.stated ?? "no source").slice(0, 60) : row.lane.name));
    const reason = row.reasons[0]?.text;
    if (reason) cell.append(shown("span", "reason", without(reason).slice(0, 300)));
    else cell.append(shown("span", "summary", row.isHead ? "large: open to read" : summary(row)));
    if (words.length) cell.append(make("span", "words", plain(words.join(" · "))));
    if (this.rows.isPaired(row)) cell.append(make("span", "joined", "⇄"), make("span", "unseen", "pair"));
    element.append(time, cell);
    return element;
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

function without(reason) {
  return reason.replace(/^(event_properties|user_properties)\./, "");
}
