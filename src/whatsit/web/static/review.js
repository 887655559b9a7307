// Going through the suspects of an image folder, in a page or in a notebook: whatsit.review(host, transport) fills an element.
// transport.ask(verb, values) promises an answer, whose refusals are errors with a sentence; transport.picture(content, size)
// promises an address. review/session.py has the verbs.
"use strict";
{
  const whatsit = window.whatsit, { say, suspects } = whatsit, { make } = suspects;
  const PAGE = 60; // suspects in an answer
  const LARGE = 1280; // pixels of a picture that is shown alone
  const FEW = 12, KEYS = 9; // classes that have buttons of their own, and keys

  const ALWAYS = ["z", "u", "?", "[", "]", "c", "v"]; // keys that need no picture

  whatsit.review = (host, transport) => new Review(host, transport).open();

  class Review {
    constructor(host, transport) {
      this.host = host;
      this.transport = transport;
      this.items = [];
      this.filter = { reason: "", label: "" };
      this.turn = Promise.resolve(); // changes are made one after the other
      this.wanted = new Map(); // pages of suspects that were asked for
    }

    async open() {
      try {
        const answer = await this.transport.ask("open", { count: PAGE });
        this.about = answer;
        this.#build();
        this.#show(answer);
      } catch (error) {
        this.host.append(make("p", { className: "card problem", role: "alert", textContent: error.message }));
      }
    }

    #build() {
      const { folder, reasons, classes } = this.about;
      const button = (text, act, key = "", name = "") => {
        const made = make("button", { type: "button", className: name }, make("span", { textContent: text }));
        if (key) made.append(make("kbd", { textContent: key }));
        made.addEventListener("click", act);
        return made;
      };
      this.progress = make("progress", { max: 1, value: 0, ariaLabel: say("review_page.progress") });
      this.count = make("span");
      this.advice = make("span", { className: "advice" });
      this.other = button(say("review_page.all_classes"), () => this.#chooseLabel());
      const chips = make("div", { className: "chips", role: "group", ariaLabel: say("review_page.reasons") });
      this.chips = Object.entries({ "": this.about.total, ...reasons }).map(([reason, count]) => {
        const text = `${reason ? suspects.REASONS[reason]() : say("review_page.all")} ${count.toLocaleString("en")}`;
        const chip = button(text, () => this.#list({ ...this.filter, reason }));
        chip.dataset.reason = reason;
        return chip;
      });
      chips.append(...this.chips, this.other);
      const language = this.host.querySelector(".language") ?? "";
      const tools = make("div", { className: "tools" }, button(say("review_page.changes"), () => this.#preview()), button(say("review_page.keys"), () => this.#keys(), "?"), language);
      const title = make("h1", { textContent: say("review_page.title", { folder }) });
      const said = make("p", {}, this.count, " ", this.advice);
      said.setAttribute("role", "status");
      const head = make("header", {}, title, make("div", { className: "done" }, this.progress, said), tools, chips);

      this.list = make("ul", { className: "gallery", role: "list", ariaLabel: say("review_page.suspects") });
      this.large = make("section", { className: "large", hidden: true, tabIndex: -1, ariaLabel: say("review_page.large") });
      this.empty = make("p", { className: "empty soft", hidden: true });
      this.scroller = make("div", { className: "board" }, this.empty, this.list);

      this.why = make("span");
      this.path = make("small");
      this.news = make("p", { className: "news" });
      this.news.setAttribute("role", "status");
      this.buttons = {
        keep: button(say("review_page.keep"), () => this.decide("keep"), "K"),
        remove: button(say("review_page.remove"), () => this.decide("remove"), "X"),
        unsure: button(say("review_page.not_sure"), () => this.decide("unsure"), "N"),
        other: button(say("review_page.relabel"), () => this.#relabel(), "L"),
        only: button(say("review_page.only"), () => this.only(), "O", "only"),
        alike: button(say("review_page.alike"), () => this.alike(), "A"),
        heat: button(say("review_page.heat"), () => this.heat(), "H"),
        enlarge: button(say("review_page.enlarge"), () => this.enlarge(), "⏎"),
        undo: button(say("review_page.undo"), () => this.undo(), "Z"),
      };
      const few = classes.length <= FEW;
      this.guess = button("", () => this.suggested(), "S", "guess"); // where there are too many classes for a button each
      this.labels = few ? classes.map((label, place) => button(label, () => this.decide("relabel", label), place < KEYS ? place + 1 : "")) : [this.guess];
      const { undo, ...others } = this.buttons;
      const actions = make("div", { className: "actions", role: "group", ariaLabel: say("review_page.actions") }, ...Object.values(others));
      const labels = make("div", { className: "labels", role: "group", ariaLabel: say("review_page.relabel_to") }, make("span", { textContent: say("review_page.it_is") }), ...this.labels);
      const bar = make("section", { className: "deciding", ariaLabel: say("review_page.deciding") }, make("p", { className: "about" }, this.why, " ", this.path), actions, labels, make("div", { className: "past" }, this.news, undo));
      this.host.replaceChildren(head, this.scroller, this.large, bar);
      this.grid = new whatsit.SuspectGrid(this.list, this);
      document.addEventListener("keydown", (event) => this.#press(event));
      document.addEventListener("keyup", (event) => event.key === " " && this.#isAmongPictures(event.target) && event.preventDefault());
      this.large.addEventListener("pointerdown", (event) => { this.touched = event.pointerType === "touch" ? event : undefined; });
      this.large.addEventListener("pointerup", (event) => this.#swipe(event));
    }

    // Suspects of a reason and a class.
    async #list(filter) {
      this.filter = filter;
      try {
        await this.turn;
        const answer = await this.transport.ask("list", { ...filter, offset: 0, count: PAGE });
        if (filter === this.filter) this.#show(answer);
      } catch (error) {
        this.#fail(error);
      }
    }

    #show(answer) {
      this.items = new Array(answer.total);
      this.wanted = new Map([[0, Promise.resolve()]]);
      answer.items.forEach((item, place) => { this.items[place] = item; });
      for (const chip of this.chips) chip.setAttribute("aria-pressed", chip.dataset.reason === this.filter.reason);
      this.other.firstElementChild.textContent = this.filter.label || say("review_page.all_classes");
      this.other.setAttribute("aria-pressed", this.filter.label !== "");
      this.empty.hidden = answer.total > 0;
      this.empty.textContent = this.about.total ? say("review_page.none_of_these") : say("review_page.none");
      this.#advance(answer.progress);
      this.grid.show(this.items);
      if (answer.total) this.grid.focus(Math.max(0, answer.first));
      if (!answer.total) this.#shrink();
      if (!this.large.hidden) this.#fill();
      this.update();
    }

    // Have what a place holds, soon; the promise is kept once it is there.
    need(place) {
      const page = Math.floor(place / PAGE);
      if (!this.wanted.has(page)) {
        const { items, filter } = this;
        const asked = this.transport.ask("list", { ...filter, offset: page * PAGE, count: PAGE });
        this.wanted.set(page, asked.then((answer) => {
          if (items !== this.items) return;
          answer.items.forEach((item, step) => {
            items[page * PAGE + step] = item;
            this.grid.refresh(page * PAGE + step);
          });
          this.update();
        }).catch((error) => {
          this.wanted.delete(page);
          this.#fail(error);
        }));
      }
      return this.wanted.get(page);
    }

    // What the next decision is about: what is selected, or else the picture that has the focus.
    get targets() {
      if (this.grid.selected.size) return [...this.grid.selected].sort((a, b) => a - b);
      return this.items.length ? [this.grid.here] : [];
    }

    get item() {
      return this.items[this.grid.here];
    }

    // What is suggested for all targets alike.
    get suggestion() {
      const [first = "", ...others] = new Set(this.targets.map((place) => this.items[place]?.suggestion ?? ""));
      return others.length ? "" : first;
    }

    // Text and buttons of the bar.
    update() {
      if (!this.buttons) return;
      const many = this.grid.selected.size, item = this.item, { suggestion } = this;
      this.why.textContent = many ? say("review_page.selected", { count: many }) : item?.detail ?? "";
      this.path.textContent = many ? say("review_page.deselect") : item?.path ?? "";
      const { keep, remove, only, heat, enlarge } = this.buttons, [, label = ""] = suggestion.split(/: (.*)/s);
      keep.classList.toggle("main", suggestion === "keep");
      remove.classList.toggle("main", suggestion === "remove");
      this.guess.firstElementChild.textContent = label;
      for (const button of this.labels) button.classList.toggle("main", label !== "" && button.firstElementChild.textContent === label);
      this.labels[0].parentElement.classList.toggle("vague", label === "");
      only.hidden = many > 0 || item?.group == null;
      heat.hidden = !this.about.has_heat;
      heat.setAttribute("aria-pressed", Boolean(this.isHot) && !this.large.hidden);
      enlarge.firstElementChild.textContent = this.large.hidden ? say("review_page.enlarge") : say("review_page.shrink");
      for (const button of [...Object.values(this.buttons), ...this.labels]) button.disabled = !this.items.length && button !== this.buttons.undo;
    }

    // Decide, and go on to the next suspect.
    async decide(choice, label = null) {
      const places = this.targets;
      await this.#decideAll([{ places, choice, label }]);
    }

    // Do what is suggested for each.
    async suggested() {
      const places = this.targets, parts = new Map();
      await this.#load(places);
      for (const place of places) {
        const { suggestion } = this.items[place], [choice, label = null] = suggestion.split(/: (.*)/s);
        if (!parts.has(suggestion)) parts.set(suggestion, { places: [], choice, label });
        parts.get(suggestion).places.push(place);
      }
      await this.#decideAll([...parts.values()]);
    }

    #load(places) {
      return Promise.all(places.filter((place) => !this.items[place]).map((place) => this.need(place)));
    }

    async #relabel() {
      if (!this.targets.length) return;
      const label = await suspects.pick(say("review_page.relabel_to"), this.about.classes);
      if (label !== undefined) this.decide("relabel", label);
    }

    // Keep this one of near-duplicates, and remove the others.
    async only() {
      const { item } = this, { here } = this.grid;
      if (item?.group == null) return;
      if (item.decision?.choice === "remove") { this.decide("keep"); return; } // the answer is what to do first
      const found = await this.#ask("group", { key: item.key, ...this.filter });
      if (!found) return;
      const others = found.items.map(({ key, decision }, number) => ({ key, decision, place: found.places[number] }))
        .filter(({ key, decision }) => key !== item.key && decision?.choice !== "remove");
      const places = others.map(({ place }) => place).filter((place) => place !== null);
      const keys = others.filter(({ place }) => place === null).map(({ key }) => key); // elsewhere than in this list
      await this.#decideAll([{ places, keys, choice: "remove", label: null }, { places: [here], choice: "keep", label: null }]);
    }

    async #decideAll(parts) {
      const { items } = this, all = parts.flatMap(({ places }) => places);
      if (!all.length) return;
      await this.#load(all);
      const before = new Map(all.map((place) => [place, items[place].decision]));
      for (const { places, choice, label } of parts) for (const place of places) items[place] = { ...items[place], decision: { choice, label } };
      this.grid.selected.clear();
      all.forEach((place) => this.grid.refresh(place));
      this.#goOn(Math.max(...all));
      const choices = parts.map(({ places, keys = [], choice, label }) => ({ keys: [...places.map((place) => items[place].key), ...keys], choice, label }));
      await this.#change("decide", { choices }, () => {
        before.forEach((decision, place) => {
          items[place].decision = decision;
          this.grid.refresh(place);
        });
        for (const page of new Set(all.map((place) => Math.floor(place / PAGE)))) {
          this.wanted.delete(page);
          this.need(page * PAGE); // what was done before it failed
        }
      });
    }

    undo() {
      return this.#change("undo", {}, () => {}, true);
    }

    // Changes are made in the order of the keys, while the reader is ahead already.
    #change(verb, values, back, goes = false) {
      const { filter } = this;
      this.turn = this.turn.then(async () => {
        try {
          this.#take(await this.transport.ask(verb, { ...values, ...filter }), goes);
        } catch (error) {
          back();
          this.#fail(error);
        }
      });
      return this.turn;
    }

    #take({ items, places, progress, said }, goes) {
      items.forEach((item, number) => {
        const place = places[number];
        if (place === null || this.items[place]?.key !== item.key) return;
        this.items[place] = item;
        this.grid.refresh(place);
      });
      this.news.textContent = said;
      this.#advance(progress);
      const [first] = places.filter((place) => place !== null);
      if (goes && first !== undefined) this.#go(first);
      else if (!this.large.hidden && places.includes(this.grid.here)) this.#fill();
      this.grid.mark();
    }

    #advance({ decided, total, looked, calm, expected, can_stop: canStop }) {
      this.progress.value = total ? decided / total : 0;
      this.count.textContent = say("review_page.decided", { decided, total });
      const isAll = !this.filter.reason && !this.filter.label, done = isAll ? say("review_page.all_decided") : say("review_page.none_left");
      const rest = decided === total ? done : expected ? say("review_page.expected", { count: expected }) : "";
      this.advice.textContent = !total ? "" : canStop ? say("review_page.stop", { looked, calm }) : rest;
      this.advice.classList.toggle("good", canStop || decided === total);
    }

    // To the next suspect that nobody has decided, from a place on.
    #goOn(place) {
      const { length } = this.items;
      for (let step = 1; step <= length; step++) {
        const next = (place + step) % length;
        if (!this.items[next]?.decision) { this.#go(next); return; }
      }
      this.#go(place);
    }

    #go(place) {
      const goal = Math.max(0, Math.min(this.items.length - 1, place));
      this.grid.anchor = goal;
      if (this.large.hidden) { this.grid.focus(goal); return; }
      this.grid.here = goal;
      this.#fill();
      this.update();
    }

    async alike() {
      const { item, grid } = this;
      if (!item) return;
      const { places } = (await this.#ask("alike", { key: item.key, ...this.filter })) ?? {};
      if (!places) return;
      this.#shrink();
      grid.select(places.length > 1 ? places : []);
      this.news.textContent = places.length > 1 ? "" : say("review_page.none_alike");
      grid.focus(grid.here);
    }

    // One picture, large, with those that it nearly equals beside it; or back to all of them.
    enlarge() {
      if (!this.large.hidden) { this.#shrink(); return; }
      if (!this.item) return;
      this.grid.select([]);
      this.scroller.hidden = true;
      this.large.hidden = false;
      this.#fill();
      this.large.focus();
      this.update();
    }

    #shrink() {
      if (this.large.hidden) return;
      this.isHot = false;
      this.large.hidden = true;
      this.scroller.hidden = false;
      this.large.replaceChildren();
      this.grid.focus(this.grid.here);
      this.update();
    }

    heat() {
      if (!this.about.has_heat) return;
      this.isHot = this.large.hidden || !this.isHot;
      if (this.large.hidden) this.enlarge();
      else this.#fill();
      this.update();
    }

    async #fill() {
      const { item } = this, place = this.grid.here, turn = this.filling = {};
      const isStill = () => this.filling === turn && !this.large.hidden;
      const waiting = this.isHot ? say("review_page.heating") : "";
      if (waiting) this.news.textContent = waiting;
      if (!item) {
        await this.need(place);
        if (isStill() && this.item) this.#fill();
        return;
      }
      const shown = this.isHot ? await this.#heatOf(item) : item.group == null ? [this.#figure(item)] : await this.#group(item);
      if (waiting && this.news.textContent === waiting) this.news.textContent = "";
      if (!isStill()) return;
      const position = make("p", { className: "soft", textContent: say("web.place", { place: place + 1, total: this.items.length }) });
      position.setAttribute("role", "status");
      const state = item.decision ? [make("span", { className: `badge ${item.decision.choice}`, textContent: suspects.decided(item.decision) })] : [];
      position.append(" ", make("b", { textContent: item.label }), suspects.answered(item), " ", ...state);
      this.large.replaceChildren(position, make("div", { className: "figures" }, ...shown));
      const next = this.items[place + 1];
      if (next) this.transport.picture(next.content, LARGE).then((address) => { new Image().src = address; });
    }

    #figure(item, caption = "") {
      const image = make("img", { alt: item.path, draggable: false });
      this.transport.picture(item.content, LARGE).then((address) => { image.src = address; });
      image.addEventListener("error", () => { image.alt = say("review_page.gone"); });
      return make("figure", {}, image, ...(caption ? [make("figcaption", {}, ...caption)] : []));
    }

    // Near-duplicates, side by side; a click chooses one of them.
    async #group(item) {
      const { items = [], places } = (await this.#ask("group", { key: item.key, ...this.filter })) ?? {};
      return items.map((one, number) => {
        const size = one.width ? say("review_page.pixels", { width: one.width, height: one.height, kilobytes: Math.max(1, Math.round(one.bytes / 1000)) }) : "";
        const state = one.decision ? ` · ${suspects.decided(one.decision)}` : "";
        const figure = this.#figure(one, [make("b", { textContent: one.label }), ` ${one.path}`, make("br"), `${size}${state}`]);
        const button = make("button", { type: "button" }, figure);
        button.setAttribute("aria-pressed", one.key === item.key);
        button.disabled = places[number] === null;
        button.addEventListener("click", () => this.#go(places[number]));
        return button;
      });
    }

    // What speaks for its label, and for the answer.
    async #heatOf(item) {
      const { maps } = (await this.#ask("heat", { key: item.key })) ?? {};
      if (!maps) {
        this.isHot = false;
        this.update();
        return [this.#figure(item)];
      }
      return maps.map(({ label, caption, picture }) => make("figure", {}, make("img", { src: picture, alt: label, draggable: false }), make("figcaption", { textContent: caption })));
    }

    async #preview() {
      await this.turn;
      const changes = await this.#ask("preview", {});
      if (changes) suspects.showChanges(changes);
    }

    async #chooseLabel() {
      const all = say("review_page.all_classes");
      const label = await suspects.pick(say("review_page.only_class"), Object.keys(this.about.labels), all);
      if (label !== undefined) this.#list({ ...this.filter, label: label === all ? "" : label });
    }

    // The suspects of the next reason, or of the one before.
    #turn(step) {
      const here = this.chips.findIndex((chip) => chip.dataset.reason === this.filter.reason), { length } = this.chips;
      this.chips[(here + step + length) % length].click();
    }

    #keys() {
      suspects.showKeys([
        [["←", "→", "↑", "↓"], say("review_page.key_move")],
        [["K"], say("review_page.keep")],
        [["X"], say("review_page.key_remove")],
        [["S"], say("review_page.key_suggested")],
        [["1", "…", "9"], say("review_page.key_class")],
        [["L"], say("review_page.relabel")],
        [["N"], say("review_page.key_unsure")],
        [["Z"], say("review_page.undo")],
        [["⏎"], say("review_page.key_large")],
        [["H"], say("review_page.heat")],
        [["O"], say("review_page.key_only")],
        [["A"], say("review_page.key_alike")],
        [["␣"], say("review_page.key_select")],
        [["⇧"], say("review_page.key_range")],
        [["Esc"], say("review_page.key_escape")],
        [["[", "]"], say("review_page.key_reason")],
        [["C"], say("review_page.only_class")],
        [["V"], say("review_page.changes")],
      ]);
    }

    // An answer, undefined where there is none: that is shown.
    async #ask(verb, values) {
      try {
        return await this.transport.ask(verb, values);
      } catch (error) {
        this.#fail(error);
        return undefined;
      }
    }

    #fail(error) {
      whatsit.toast(error.message, "bad");
    }

    #isAmongPictures(element) {
      return this.list.contains(element) || this.large.contains(element) || element === document.body;
    }

    #press(event) {
      if (event.altKey || document.querySelector("dialog[open]") || event.target.closest?.("input, select, textarea")) return;
      const withControl = event.ctrlKey || event.metaKey, key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const act = withControl ? { z: () => this.undo(), a: () => this.grid.select(this.grid.range(0, this.items.length - 1)) }[key] : this.#act(key, event);
      if (!act || (!this.items.length && !ALWAYS.includes(key))) return;
      event.preventDefault();
      act();
    }

    // What a key does, if anything.
    #act(key, event) {
      const { classes } = this.about;
      if (/^[1-9]$/.test(key) && classes.length >= key) return () => this.decide("relabel", classes[key - 1]);
      if (this.#isAmongPictures(event.target)) {
        if (key === "Enter") return () => this.enlarge();
        if (key === " ") return () => this.large.hidden && this.grid.toggle(this.grid.here);
        const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[key];
        if (step && !this.large.hidden) return () => this.#go(this.grid.here + step);
        if (step && event.shiftKey) return () => this.grid.select(this.grid.range(this.grid.anchor, this.grid.here)); // where the grid has gone
        if (step) { this.grid.anchor = this.grid.here; return undefined; }
      }
      const keys = {
        k: () => this.decide("keep"), x: () => this.decide("remove"), Delete: () => this.decide("remove"), s: () => this.suggested(), n: () => this.decide("unsure"),
        l: () => this.#relabel(), o: () => this.only(), a: () => this.alike(), h: () => this.heat(), z: () => this.undo(), u: () => this.undo(), "?": () => this.#keys(),
        "[": () => this.#turn(-1), "]": () => this.#turn(1), c: () => this.#chooseLabel(), v: () => this.#preview(),
        Escape: () => (this.large.hidden ? this.grid.select([]) : this.#shrink()),
      };
      return keys[key];
    }

    #swipe(event) {
      const across = event.clientX - (this.touched?.clientX ?? event.clientX);
      this.touched = undefined;
      if (Math.abs(across) > 40) this.#go(this.grid.here + (across < 0 ? 1 : -1));
    }
  }
}
