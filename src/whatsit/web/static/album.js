// Many pictures: whatsit.PictureGrid holds only those in sight in the page, and whatsit.view shows one at a time.
"use strict";
{
  const whatsit = (window.whatsit ??= {});
  const AHEAD = 2; // rows beyond what is in sight
  const SWIPE = 40; // pixels
  const make = (tag, attributes = {}, ...inside) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.append(...inside);
    return element;
  };

  // new PictureGrid(list, pictures): fills a ul.gallery with {src, caption, path, badge: {text, kind}}; all but src may be left out.
  // A chosen picture fires "picture" at the list, with {picture, place} in `detail`, and is then viewed unless that is prevented.
  whatsit.PictureGrid = class {
    constructor(host, pictures = []) {
      this.host = host;
      this.tiles = new Map();
      host.addEventListener("keydown", (event) => this.#move(event));
      host.addEventListener("click", (event) => {
        const tile = event.target.closest("li");
        if (tile) this.choose(Number(tile.dataset.place), event);
      });
      host.addEventListener("focusin", (event) => this.#enter(event.target.closest("li")));
      document.addEventListener("scroll", () => this.#update(), { capture: true, passive: true });
      addEventListener("resize", () => this.#update());
      const watch = new ResizeObserver(() => this.#update());
      watch.observe(host);
      watch.observe(document.body); // what is above may grow
      this.show(pictures);
    }

    // Other pictures.
    show(pictures) {
      this.pictures = pictures;
      this.here = 0;
      this.host.replaceChildren();
      this.host.style.paddingBlock = "0";
      this.tiles.clear();
      this.#update();
    }

    // A picture whose caption or badge has changed.
    refresh(place) {
      const old = this.tiles.get(place);
      if (!old) return;
      const hadFocus = old.contains(document.activeElement);
      this.tiles.delete(place);
      old.replaceWith(this.#tile(place));
      if (hadFocus) this.focus(place);
      else this.#tabStop(this.here);
    }

    // The keyboard's picture, scrolled into sight.
    focus(place) {
      this.here = Math.max(0, Math.min(this.pictures.length - 1, place));
      const row = Math.floor(this.here / this.measure().columns);
      if (!this.tiles.has(this.here)) this.#fill(row - AHEAD, row + AHEAD);
      const tile = this.tiles.get(this.here);
      if (document.hasFocus()) tile.firstElementChild.focus({ preventScroll: true }); // a frame may not take the keyboard
      tile.scrollIntoView({ block: "nearest", behavior: "instant", container: "nearest" });
    }

    // How many columns there are, and how high a row is.
    measure() {
      if (!this.host.childElementCount) this.host.append(this.#tile(0));
      const style = getComputedStyle(this.host);
      const columns = style.gridTemplateColumns.split(" ").length;
      return { columns, height: this.host.firstElementChild.offsetHeight + parseFloat(style.rowGap) };
    }

    #update() {
      if (!this.pictures.length || !this.host.checkVisibility()) return;
      const { height } = this.measure(), top = this.host.getBoundingClientRect().top;
      this.#fill(Math.floor(-top / height) - AHEAD, Math.ceil((innerHeight - top) / height) + AHEAD);
    }

    // Rows from `first` up to but without `end`; padding stands for the others.
    #fill(first, end) {
      const { columns, height } = this.measure(), rows = Math.ceil(this.pictures.length / columns);
      const start = Math.max(0, Math.min(first, rows - 1)), stop = Math.max(start + 1, Math.min(end, rows));
      const from = start * columns, to = Math.min(stop * columns, this.pictures.length);
      for (const [place, tile] of this.tiles) if (place < from || place >= to) this.#remove(place, tile);
      for (let place = from, next = this.host.firstElementChild; place < to; place++) {
        const tile = this.tiles.get(place) ?? this.#tile(place);
        if (tile === next) next = next.nextElementSibling;
        else this.host.insertBefore(tile, next);
      }
      this.host.style.paddingTop = `${start * height}px`;
      this.host.style.paddingBottom = `${(rows - stop) * height}px`;
      this.#tabStop(Math.max(from, Math.min(to - 1, this.here)));
    }

    #remove(place, tile) {
      if (tile.contains(document.activeElement)) {
        this.host.tabIndex = -1;
        this.host.focus({ preventScroll: true }); // arrow keys go on from here
      }
      tile.remove();
      this.tiles.delete(place);
    }

    #tabStop(place) {
      for (const [other, tile] of this.tiles) tile.firstElementChild.tabIndex = other === place ? 0 : -1;
    }

    // A tile's button, which other kinds of grids fill otherwise.
    button(place) {
      const { src, caption = "", badge } = this.pictures[place];
      const name = caption || whatsit.say("web.place", { place: place + 1, total: this.pictures.length });
      const image = make("img", { src, alt: caption ? "" : name, decoding: "async" });
      const button = make("button", { type: "button", tabIndex: -1, title: caption }, image);
      if (caption) button.append(make("span", { textContent: caption }));
      if (badge) button.append(make("small", { className: `badge ${badge.kind ?? ""}`, textContent: badge.text }));
      return button;
    }

    #tile(place) {
      const tile = make("li", {}, this.button(place));
      tile.setAttribute("aria-setsize", this.pictures.length);
      tile.setAttribute("aria-posinset", place + 1);
      tile.dataset.place = place;
      this.tiles.set(place, tile);
      return tile;
    }

    #enter(tile) {
      if (!tile) return;
      this.here = Number(tile.dataset.place);
      this.#tabStop(this.here);
    }

    #move(event) {
      const { columns } = this.measure(), last = this.pictures.length - 1;
      const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, PageDown: 3 * columns, PageUp: -3 * columns, Home: -last, End: last };
      if (!(event.key in steps)) return;
      event.preventDefault();
      this.focus(this.here + steps[event.key]);
    }

    // What a click on a tile does.
    choose(place) {
      const detail = { place, picture: this.pictures[place] };
      if (this.host.dispatchEvent(new CustomEvent("picture", { bubbles: true, cancelable: true, detail }))) whatsit.view(this.pictures, place);
    }
  };

  // whatsit.view(pictures, place): one picture in a dialog. Arrow keys, Home, End, buttons or swipes show the others; Escape closes it.
  let viewer;
  whatsit.view = (pictures, place) => {
    viewer ??= new Viewer();
    viewer.open(pictures, place);
  };

  class Viewer {
    constructor() {
      const button = (name, text, step) => {
        const made = make("button", { type: "button", className: "icon", textContent: text, onclick: () => this.#go(step) });
        made.setAttribute("aria-label", name);
        return made;
      };
      this.image = make("img");
      this.figure = make("figure", {}, this.image);
      this.position = make("b");
      this.caption = make("span");
      const said = make("p", {}, this.position, " ", this.caption);
      said.setAttribute("role", "status");
      this.before = button(whatsit.say("web.previous"), "←", -1);
      this.after = button(whatsit.say("web.following"), "→", 1);
      this.copy = make("button", { type: "button", onclick: () => this.#copy() });
      const close = button(whatsit.say("web.close"), "×", 0);
      close.onclick = () => this.dialog.close();
      this.dialog = make("dialog", { className: "viewer wide" }, make("header", {}, said, this.copy, this.before, this.after, close), this.figure);
      this.dialog.addEventListener("keydown", (event) => this.#press(event));
      this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
      this.figure.addEventListener("pointerdown", (event) => { this.touched = event; });
      this.figure.addEventListener("pointerup", (event) => this.#swipe(event));
      document.body.append(this.dialog);
    }

    open(pictures, place) {
      this.pictures = pictures;
      this.place = place;
      this.#show(); // first, or the dialog would give the focus to what is hidden then
      this.dialog.showModal();
    }

    #go(step) {
      const place = Math.max(0, Math.min(this.pictures.length - 1, this.place + step));
      if (place === this.place) return;
      this.place = place;
      this.#show();
    }

    #show() {
      const { src, caption = "", path } = this.pictures[this.place], total = this.pictures.length;
      this.image.src = src;
      this.image.alt = caption || whatsit.say("web.place", { place: this.place + 1, total });
      this.position.textContent = whatsit.say("web.place", { place: this.place + 1, total });
      this.caption.textContent = caption;
      this.copy.hidden = !path || !navigator.clipboard; // which only safe addresses and files have
      this.copy.textContent = whatsit.say("web.copy");
      this.dialog.setAttribute("aria-label", this.image.alt);
      this.before.setAttribute("aria-disabled", this.place === 0); // not `disabled`, which would lose the focus
      this.after.setAttribute("aria-disabled", this.place === total - 1);
      const following = this.pictures[this.place + 1];
      if (following) new Image().src = following.src;
    }

    async #copy() {
      const { path } = this.pictures[this.place];
      await navigator.clipboard.writeText(path);
      whatsit.toast(whatsit.say("web.copied", { path }), "good");
    }

    #press(event) {
      const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
      if (!(event.key in steps)) return;
      event.preventDefault();
      this.#go(steps[event.key]);
    }

    #swipe(event) {
      const across = event.clientX - (this.touched?.clientX ?? event.clientX), down = event.clientY - (this.touched?.clientY ?? event.clientY);
      this.touched = undefined;
      if (Math.abs(across) > SWIPE && Math.abs(across) > Math.abs(down)) this.#go(across < 0 ? 1 : -1);
    }
  }
}
