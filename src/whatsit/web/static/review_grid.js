// The suspects of a review as tiles, of which many can be selected: whatsit.SuspectGrid, for review.js. Whoever shows them
// gives `review`: what it has of a place, with `need(place)` for what is not there yet, and what is to happen.
"use strict";
{
  const whatsit = window.whatsit, { say } = whatsit;
  const TILE = 320; // pixels of a picture
  const DRAG = 6, EDGE = 48; // pixels after which a mouse drags, and beside which dragging scrolls
  const PRESS = 450; // milliseconds after which a finger selects
  const make = (tag, attributes = {}, ...inside) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.append(...inside);
    return element;
  };

  const REASONS = {
    label: () => say("review_page.reason_label"),
    loss: () => say("review_page.reason_loss"),
    duplicate: () => say("review_page.reason_duplicate"),
    outlier: () => say("review_page.reason_outlier"),
    quality: () => say("review_page.reason_quality"),
  };
  const percent = (share) => (share > 0.995 && share < 1 ? ">99%" : `${Math.round(100 * share)}%`);

  // What was decided of a suspect.
  const decided = ({ choice, label }) =>
    ({
      keep: () => say("review_page.kept"),
      remove: () => say("review_page.removed"),
      unsure: () => say("review_page.unsure"),
      relabel: () => say("review_page.relabeled", { label }),
    })[choice]();

  // Label and answer, as they stand under a picture.
  const answered = ({ predicted, probability }) =>
    predicted ? say("review_page.answered", { predicted, percent: percent(probability) }) : "";

  whatsit.suspects = { make, REASONS, percent, decided, answered };

  whatsit.SuspectGrid = class extends whatsit.PictureGrid {
    constructor(host, review) {
      super(host);
      this.review = review;
      this.selected = new Set(); // places
      host.addEventListener("pointerdown", (event) => this.#down(event));
      host.addEventListener("pointermove", (event) => this.#drag(event));
      for (const kind of ["pointerup", "pointercancel"]) host.addEventListener(kind, () => this.#up());
      host.addEventListener("touchmove", (event) => this.finger && event.preventDefault(), { passive: false });
      host.addEventListener("contextmenu", (event) => this.pointer === "touch" && event.preventDefault());
      host.addEventListener("focusin", () => this.mark());
    }

    show(pictures) {
      this.selected?.clear();
      this.anchor = 0;
      super.show(pictures);
    }

    button(place) {
      const item = this.review.items[place];
      const image = make("img", { alt: "", decoding: "async", draggable: false });
      const text = make("span"), badge = make("small", { className: "badge" });
      const button = make("button", { type: "button", tabIndex: -1 }, image, text, badge);
      button.setAttribute("aria-pressed", this.selected.has(place));
      if (!item) {
        this.review.need(place);
        return button;
      }
      image.addEventListener("error", () => {
        button.classList.add("gone");
        image.alt = say("review_page.gone");
      });
      this.review.transport.picture(item.content, TILE).then((address) => { image.src = address; });
      text.append(make("b", { textContent: item.label }), answered(item));
      button.title = item.path;
      button.classList.toggle("contradicted", item.predicted !== "" && item.predicted !== item.label);
      if (item.decision) {
        button.classList.add("decided", item.decision.choice);
        badge.textContent = decided(item.decision);
      } else {
        badge.textContent = `${REASONS[item.reason]()} ${percent(item.score)}`;
        badge.classList.add("warn");
      }
      return button;
    }

    // Select these places, and no others unless `more`.
    select(places, more = false) {
      const old = this.selected;
      this.selected = new Set(more ? [...old, ...places] : places);
      this.mark();
    }

    range(from, to) {
      const [first, last] = [Math.min(from, to), Math.max(from, to)];
      return Array.from({ length: last - first + 1 }, (_, step) => first + step);
    }

    toggle(place) {
      if (this.selected.has(place)) this.select([...this.selected].filter((one) => one !== place));
      else this.select([place], true);
      this.anchor = place;
    }

    // Show which tiles are selected, and which one keys are for.
    mark() {
      for (const [place, tile] of this.tiles) {
        tile.classList.toggle("here", place === this.here);
        tile.firstElementChild.setAttribute("aria-pressed", this.selected.has(place));
      }
      this.review.update();
    }

    choose(place, event) {
      if (this.hasDragged) return;
      if (event.shiftKey) this.select(this.range(this.anchor, place), event.ctrlKey || event.metaKey);
      else if (event.ctrlKey || event.metaKey || (this.pointer === "touch" && this.selected.size)) this.toggle(place);
      else {
        const again = place === this.before && !this.selected.size;
        this.anchor = place;
        this.select([]);
        if (again) { this.review.enlarge(); return; }
      }
      this.focus(place);
    }

    #down(event) {
      this.pointer = event.pointerType;
      this.before = this.here;
      this.hasDragged = false;
      if (event.button !== 0) return;
      const place = this.#placeAt(event);
      this.start = { ...this.#point(event), place, x0: event.clientX, y0: event.clientY, base: event.ctrlKey || event.metaKey ? [...this.selected] : [] };
      if (event.pointerType === "touch" && place !== undefined) this.pressing = setTimeout(() => this.#press(place), PRESS);
    }

    // A finger that stays selects its picture, and from there on all that it moves over.
    #press(place) {
      this.finger = { place, base: [...this.selected] };
      this.hasDragged = true;
      this.anchor = place;
      this.select([place], true);
      navigator.vibrate?.(10);
    }

    #drag(event) {
      if (this.start && !event.buttons) this.#up(); // it was let go elsewhere
      if (!this.start) return;
      const far = Math.hypot(event.clientX - this.start.x0, event.clientY - this.start.y0) > DRAG;
      if (far && !this.finger) clearTimeout(this.pressing);
      if (this.finger) {
        const place = this.#placeAt(event);
        if (place !== undefined) this.select([...this.finger.base, ...this.range(this.finger.place, place)]);
      } else if (event.pointerType !== "touch" && (far || this.hasDragged)) this.#frame(event);
      else return;
      this.#scrollAtEdge(event);
    }

    // The mouse draws a frame, and selects what it touches, also where tiles have left the page meanwhile.
    #frame(event) {
      if (!this.hasDragged) this.host.setPointerCapture(event.pointerId);
      this.hasDragged = true;
      const end = this.#point(event), { columns, height } = this.measure(), box = this.host.getBoundingClientRect();
      const width = box.width / columns, cell = (at, size, most) => Math.max(0, Math.min(most - 1, Math.floor(at / size)));
      const [left, right] = [this.start.x, end.x].sort((a, b) => a - b), [top, bottom] = [this.start.y, end.y].sort((a, b) => a - b);
      const rows = Math.ceil(this.pictures.length / columns), found = [];
      for (let row = cell(top, height, rows); row <= cell(bottom, height, rows); row++) {
        for (let column = cell(left, width, columns); column <= cell(right, width, columns); column++) {
          if (row * columns + column < this.pictures.length) found.push(row * columns + column);
        }
      }
      this.select([...this.start.base, ...found]);
      this.band ??= this.host.parentElement.appendChild(make("div", { className: "band" }));
      const edge = { left: box.left + left, top: box.top + top, width: right - left, height: bottom - top };
      for (const [name, size] of Object.entries(edge)) this.band.style[name] = `${size}px`;
    }

    #scrollAtEdge({ clientY }) {
      const scroller = this.host.parentElement, { top, bottom } = scroller.getBoundingClientRect();
      if (clientY < top + EDGE) scroller.scrollTop -= EDGE / 4;
      if (clientY > bottom - EDGE) scroller.scrollTop += EDGE / 4;
    }

    #up() {
      clearTimeout(this.pressing);
      this.band?.remove();
      this.start = this.finger = this.band = undefined;
    }

    #point({ clientX, clientY }) {
      const { left, top } = this.host.getBoundingClientRect();
      return { x: clientX - left, y: clientY - top };
    }

    #placeAt({ clientX, clientY }) {
      const tile = document.elementFromPoint(clientX, clientY)?.closest("li");
      return tile && this.host.contains(tile) ? Number(tile.dataset.place) : undefined;
    }
  };
}
