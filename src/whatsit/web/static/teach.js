// The course's frame: predict, act, see, and what steps have in common. A step is one call:
//   whatsit.step(3, (kit) => { ... })                 once, when the page is there. In it:
// kit.course             the data of the page, e.g. kit.course.line, null where there is none
// kit.root, kit.find("css"), kit.all("css")           the step's section, elements in it
// kit.get("lr", 0.1, 1e-4, 2), kit.put("lr", 0.2)     a number of the address, kept within its range; one name, one step
// kit.get("seed", 1, 1, 1e6, 1)                       a whole one
// kit.slider("lr", { low, high, start, step, isLog, isOpen, text, on, end })  -> { value, set(v) }: of the macro, kept in the
//                        address; isOpen: its value may lie beyond its track; on: while it moves, end: when it is let go
// kit.choice("key", { start, on })                    -> { value }: of the macro, a row of radio buttons, kept in the address
// kit.check("key", { start, on })                     -> { value }: of the macro, a check box, kept in the address
// kit.when("key", (choice) => ...)                    a beat was opened; choice is null if nothing was predicted
// kit.right("key", place), kit.see("key")             the right choice, if data decides; show what there is to see
// kit.on("name", (event) => ...), kit.out("key", text)          a click on button("name"), a number of out("key")
// kit.plot("key", options)                            teach_plot.js, in plot("key")
// kit.player({ step, draw, every, end })              -> { play, pause, isPlaying }: step() each `every` ms until it returns false
// kit.tell("key", text)  of a beat, for a screen reader, once the reader stops acting
// kit.make("div", "class", parent, text)              a new element in another one
// kit.doctor(path, steps)                             what the doctor says of a walk that diverged, "" of others
// kit.rich(element, text), kit.number(-1.25, 2), kit.say, kit.light("css of code()", line or null), kit.isStill
"use strict";
{
  const whatsit = (window.whatsit ??= {});
  const { say, address: { settings, put, get, write }, controls: { slider, choice, check } } = whatsit;
  const course = JSON.parse(document.getElementById("course").textContent);
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const sections = [...document.querySelectorAll("[data-step]")];
  for (const one of document.querySelectorAll(".with-script")) one.hidden = false;
  if (document.getElementById("main").dataset.key) for (const one of document.querySelectorAll("[data-share-here]")) one.hidden = false;

  const make = (tag, className, parent, text = "") => {
    const one = document.createElement(tag);
    one.className = className;
    one.textContent = text;
    parent.append(one);
    return one;
  };

  // The figures of a step that a reader has opened, so that a link to it opens them too: open=rate_own.
  const OPEN = "open", BETWEEN = "_";
  const link = (section) => {
    put("step", Number(section.dataset.step));
    put(OPEN, [...beats.values()].filter((beat) => beat.section === section && beat.choices.length && beat.isOpen).map(({ key }) => key).join(BETWEEN));
    write();
    const address = new URL(location.href), { key } = document.getElementById("main").dataset;
    if (key) address.searchParams.set("key", key); // the server lets nobody in without it
    return address.href;
  };
  const openLinked = () => {
    for (const key of (settings.get(OPEN) ?? "").split(BETWEEN)) if (beats.has(key)) open(beats.get(key), null);
  };
  window.addEventListener("hashchange", () => { if (location.hash.includes("=")) location.reload(); });

  // Predictions survive a reload and a change of language, as long as this tab is open.
  const KEPT = "whatsit.course";
  const kept = (() => {
    try {
      return JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
    } catch {
      return {};
    }
  })();
  const keep = (key, choice) => {
    kept[key] = choice;
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(kept));
    } catch { /* not kept, then */ }
  };

  // `code`, *stressed*, *line:in the color of an idea*: as web/rich.py does.
  const rich = (element, text) => {
    const parts = [];
    let end = 0;
    for (const found of text.matchAll(/`([^`]+)`|\*(?:(data|line|loss|slope|path|train|valid):)?([^*]+)\*/g)) {
      const [whole, code, idea, words] = found, one = document.createElement(code ? "code" : "b");
      one.textContent = code ?? words;
      if (idea) one.className = `c-${idea}`;
      parts.push(text.slice(end, found.index), one);
      end = found.index + whole.length;
    }
    element.replaceChildren(...parts, text.slice(end));
  };
  const number = (value, digits = 2) => {
    if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "–";
    const size = Math.abs(value);
    const text = size >= 1000 ? whatsit.ofAnySize(size) : size.toFixed(digits);
    return value < 0 && (size >= 1000 || Number(text) !== 0) ? `−${text}` : text;
  };

  // Sentences with a minus where a number is below 0.
  const sayMath = (code, values) => {
    const text = say(code, values);
    return Object.values(values ?? {}).flat().some((one) => one < 0) ? text.replace(/(?<![\w`])-(?=\d)/g, "−") : text;
  };

  const doctor = (path, steps = path.length - 1) => {
    const losses = path.map(({ loss }) => loss), values = { first: losses[0], lowest: Math.min(...losses), last: losses.at(-1), steps: Math.min(path.length, steps) };
    const words = { infinite: () => say("doctor.line_infinite", values), exploded: () => say("doctor.line_exploded", values), swung: () => say("doctor.line_swung", values) };
    return words[whatsit.numbers.diverged(path, steps)]?.() ?? "";
  };

  // What a figure shows now, for a screen reader: not in every frame, but once the reader stops acting.
  const REST = 600; // milliseconds
  const telling = new Map();
  let isReady = false;
  const tell = (key, text) => {
    if (!telling.has(key)) {
      const place = document.createElement("p");
      place.className = "visually-hidden";
      place.setAttribute("role", "status");
      beats.get(key).inside.append(place);
      telling.set(key, { place });
    }
    if (!isReady) return; // nobody has acted yet, but the place has to be there before there is something in it
    const spoken = telling.get(key);
    clearTimeout(spoken.timer);
    spoken.timer = setTimeout(() => { spoken.place.textContent = text; }, REST);
  };

  // Beats: a question is answered, or skipped, before its figure opens.
  const beats = new Map();
  const progress = (section) => {
    const all = [...beats.values()].filter((beat) => beat.section === section && beat.choices.length);
    const link = document.querySelector(`[data-goes="${section.dataset.step}"]`), share = all.filter((beat) => beat.isOpen).length / all.length;
    link?.style.setProperty("--done", `${100 * (all.length ? share : 0)}%`);
  };
  const open = (beat, choice) => {
    if (beat.isOpen) return;
    Object.assign(beat, { isOpen: true, choice });
    beat.root.classList.remove("closed");
    beat.inside.inert = false;
    beat.veil.hidden = true;
    beat.choices.forEach((one, place) => {
      one.setAttribute("aria-pressed", place === choice);
      one.setAttribute("aria-disabled", "true"); // not disabled, which would take the focus away
      one.tabIndex = -1; // it has nothing more to do
    });
    const skip = beat.root.querySelector("[data-skip]");
    if (skip) skip.hidden = true;
    for (const call of beat.calls) call(choice);
    progress(beat.section);
  };
  for (const root of document.querySelectorAll("[data-beat]")) {
    const predict = root.querySelector(".predict");
    const beat = {
      root, section: root.closest("[data-step]"), key: root.dataset.beat, inside: root.querySelector(".inside"), veil: root.querySelector(".veil"),
      shown: root.querySelector("[data-see]"), choices: [...(predict?.querySelectorAll(".choices button") ?? [])],
      right: predict?.dataset.right === undefined ? null : Number(predict.dataset.right), choice: null, isOpen: !predict, calls: [],
    };
    beats.set(beat.key, beat);
    beat.shown.hidden = true;
    if (!predict) continue;
    root.classList.add("closed");
    beat.inside.inert = true;
    beat.veil.hidden = false;
    const decide = (choice) => {
      if (beat.isOpen) return;
      keep(beat.key, choice);
      open(beat, choice);
      if (choice === null) beat.inside.querySelector("[tabindex='0'], button, input, a")?.focus({ preventScroll: true });
      document.getElementById("opened").textContent = say("teach_page.opened");
    };
    beat.choices.forEach((one, place) => one.addEventListener("click", () => decide(place)));
    predict.querySelector("[data-skip]").addEventListener("click", () => decide(null));
  }
  const see = (key) => {
    const beat = beats.get(key), verdict = beat.shown.querySelector(".verdict");
    if (!beat.shown.hidden) return;
    beat.shown.hidden = false;
    if (beat.choice === null || beat.right === null) return;
    const isRight = beat.choice === beat.right;
    const said = beat.choices[beat.choice].textContent.trim(), right = beat.choices[beat.right].textContent.trim();
    verdict.textContent = isRight ? say("teach_page.right", { said }) : say("teach_page.other", { said, right });
    verdict.classList.add(isRight ? "good" : "other");
    verdict.hidden = false;
  };
  const openAll = () => {
    for (const beat of beats.values()) {
      open(beat, null);
      see(beat.key);
    }
  };
  document.querySelector("[data-open-all]")?.addEventListener("click", (event) => {
    openAll();
    put("all", 1);
    event.target.disabled = true;
  });

  // Where the reader is.
  const go = (place, isQuiet) => {
    const section = document.getElementById(`step-${place}`);
    section.scrollIntoView({ behavior: still.matches || isQuiet ? "auto" : "smooth" });
    section.querySelector("h2").focus({ preventScroll: true });
  };
  document.addEventListener("click", (event) => {
    const goal = event.target.closest("[data-goes]"), share = event.target.closest("[data-share]");
    if (goal) {
      event.preventDefault();
      settings.delete(OPEN); // of the step that a link led to
      put("step", Number(goal.dataset.goes));
      go(goal.dataset.goes);
    } else if (share) {
      const address = link(share.closest("[data-step]"));
      navigator.clipboard?.writeText(address).then(
        () => whatsit.toast(say("teach_page.shared"), "good"), () => whatsit.toast(address, "", 30),
      ) ?? whatsit.toast(address, "", 30);
    }
  });
  const here = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      const link = document.querySelector(`.steps [data-goes="${target.dataset.step}"]`);
      if (isIntersecting) link?.setAttribute("aria-current", "step");
      else link?.removeAttribute("aria-current");
    }
  }, { rootMargin: "-35% 0px -60%" });
  for (const section of sections) here.observe(section);
  const language = document.querySelector("[data-switch]");
  language?.addEventListener("click", () => { language.hash = `#${settings}`; });

  // Something that goes on in steps: at once where motion is not wanted, and not while nobody looks.
  const player = ({ step, draw, every = 60, end = () => {} }) => {
    let timer = null;
    const pause = () => {
      clearInterval(timer);
      timer = null;
      end();
    };
    const once = () => {
      if (document.hidden) return;
      const goesOn = step();
      draw();
      if (goesOn === false) pause();
    };
    const play = () => {
      if (timer !== null) return;
      if (!still.matches) {
        timer = setInterval(once, every);
        return;
      }
      for (let count = 0; count < 10_000 && step() !== false; count++);
      draw();
      end();
    };
    return { play, pause, get isPlaying() { return timer !== null; } };
  };

  whatsit.step = (place, start) => {
    const root = document.getElementById(`step-${place}`);
    const find = (css) => root.querySelector(css), all = (css) => [...root.querySelectorAll(css)];
    const kit = {
      root, course, find, all, put, rich, make, number, tell, doctor, say: sayMath,
      get: (name, otherwise, low, high, step) => get(name, otherwise, low, high, { root, step }),
      get isStill() { return still.matches; },
      when: (key, call) => {
        const beat = beats.get(key);
        if (beat.isOpen) call(beat.choice);
        else beat.calls.push(call);
      },
      right: (key, right) => { beats.get(key).right = right; },
      see: (key) => { if (isReady) see(key); }, // what a link brought is not what the reader did
      on: (name, call) => { for (const one of all(`[data-do="${name}"]`)) one.addEventListener("click", call); },
      out: (key, text) => { for (const one of all(`[data-out="${key}"]`)) one.textContent = text; },
      plot: (key, options) => whatsit.plot(find(`[data-plot="${key}"]`), options),
      player,
      slider: (key, options) => slider(root, key, options),
      choice: (key, options) => choice(root, key, options),
      check: (key, options = {}) => check(root, key, options),
      light: (css, line) => {
        for (const one of all(`${css} [data-line]`)) one.classList.toggle("lit", one.dataset.line === String(line));
      },
    };
    start(kit);
  };

  // Behind the title: the lesson's hundred steps, once.
  const opening = () => {
    const { x, y, start, lr } = course.line, low = Math.min(...y, start[0] + start[1]) - 0.5, high = Math.max(...y) + 0.5;
    const problem = whatsit.numbers.line(x, y), path = whatsit.numbers.descend(problem, start, { lr, steps: 100 });
    const plot = whatsit.plot(document.querySelector("[data-plot=opening]"), { label: say("teach_page.opening"), x: [-1.04, 1.04], y: [low, high], isBare: true, ratio: 0.8, most: 460 });
    let step = 0;
    plot.draw((pen) => {
      pen.dots(x, y, "data", { radius: 4.5, alpha: 0.55 });
      const ends = ({ a: [slope, intercept] }) => [-1, 1].map((one) => [one, slope * one + intercept]);
      for (let past = 0; past < step; past += 2) pen.line(ends(path[past]), "line", { width: 1, alpha: 0.1 + 0.12 * (past / path.length) });
      pen.line(ends(path[step]), "line", { width: 5 });
      pen.text(-1, high, say("teach_page.opening_step", { step, loss: path[step].loss }), "loss", { dy: 16, size: 15, isBold: true });
    });
    player({
      every: 42, draw: plot.refresh,
      step: () => {
        step += 1;
        return step < path.length - 1;
      },
    }).play();
  };

  // After the steps, which are loaded behind this script: what was answered before, and where the reader was.
  window.addEventListener("DOMContentLoaded", () => {
    opening();
    for (const section of sections) progress(section);
    for (const [key, choice] of Object.entries(kept)) if (beats.has(key)) open(beats.get(key), choice);
    openLinked();
    if (get("all", 0, 0, 1, { step: 1 })) openAll();
    const step = get("step", 0, 0, sections.length, { step: 1 });
    if (step) go(step, true);
    isReady = true;
  });
}
