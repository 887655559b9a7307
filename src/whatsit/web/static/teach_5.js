// Step 5: the loss surface, batches, momentum, one cycle, and Newton's method.
"use strict";
{
  const { numbers, step } = window.whatsit;
  const PLACES = { across: [-2, 8], along: [-1, 6], top: 8 }; // slope, intercept and loss that the map shows
  const MOST = 200; // steps of a walk
  const BATCH_LR = 0.1, HIGHER_LR = 0.3, EPOCHS = 3, NEAR = 1.05; // near: within 5% of the lowest loss
  const VALLEY = { lr: 0.24, start: [0.25, 1.69], zero: 1.5, across: [-0.9, 2.9], along: [-3.2, 2.4], top: 3 };
  const MUCH = 0.95; // the most momentum
  const CYCLE = { lr: 0.05, batch: 4, epochs: 10, momentum: 0.9, tiny: 100, seed: 1, last: 20 };

  const points = (path) => path.map(({ a, loss }) => [...a, loss]);

  step(5, (kit) => {
    const { say, course: { line, head } } = kit;
    const said = (key) => kit.find(`[data-said="${key}"]`), canvas = (key) => kit.find(`[data-canvas="${key}"]`);
    const put = (key, text) => kit.rich(said(key), text);
    const names = { across: say("teach_5.slope"), along: say("teach_5.intercept") };
    const problem = numbers.line(line.x, line.y), bottom = numbers.newton(problem, line.start), lowest = problem.loss(bottom);
    const landscape = { ...PLACES, loss: problem.loss, names };

    const bowl = () => {
      const surface = new whatsit.Surface(canvas("5.surface"), landscape), dice = numbers.random(5);
      const map = new whatsit.LossMap(canvas("5.map"), landscape, (place) => beginAt(place));
      let path = [], shown = 0;
      const whole = () => path.length - 1;
      const draw = () => {
        const part = points(path.slice(0, shown + 1)), here = path[shown];
        for (const view of [surface, map]) view.show([{ points: part, color: "--c-path" }]);
        put("5.bowl", say("teach_5.at", { step: shown, slope: here.a[0], intercept: here.a[1], loss: here.loss, lowest }));
        kit.tell("5.bowl", said("5.bowl").textContent);
        const words = shown === whole() ? kit.doctor(path) : "";
        said("5.left").hidden = !words;
        said("5.left").textContent = words;
      };
      const stopped = () => shown && kit.see("5.bowl");
      const next = () => {
        shown = Math.min(shown + 1, whole());
        return shown < whole();
      };
      const player = kit.player({ step: next, draw, every: 70, end: stopped });
      const begin = () => {
        player.pause();
        const walk = numbers.descend(problem, from.map(({ value }) => value), { lr: lr.value, steps: MOST });
        const end = walk.findIndex(({ loss }) => loss < lowest + 2e-4 || loss > 100 * PLACES.top);
        path = end < 0 ? walk : walk.slice(0, Math.max(end, 1) + 1);
        shown = 0;
        draw();
      };
      const lr = kit.slider("5.lr", { low: 0.01, high: 1.5, start: 0.1, isLog: true, text: (value) => say("teach_5.rate", { lr: value }), on: () => begin() });
      const from = [["5.slope", PLACES.across], ["5.intercept", PLACES.along]].map(([key, [low, high]], place) => (
        kit.slider(key, { low, high, start: line.start[place], step: 0.05, text: (value) => kit.number(value), on: () => begin() })
      ));
      const beginAt = (place) => {
        from.forEach((one, at) => {
          one.set(Number(place[at].toFixed(2)));
          kit.put(["5.slope", "5.intercept"][at], one.value);
        });
        begin();
      };
      begin();
      kit.on("5.walk", () => {
        if (shown >= whole()) shown = 0;
        player.play();
      });
      kit.on("5.step", () => {
        player.pause();
        next();
        draw();
        stopped();
      });
      kit.on("5.start", () => {
        beginAt([PLACES.across, PLACES.along].map(([low, high]) => low + (high - low) * (0.05 + 0.9 * dice())));
        player.play();
      });
      for (const [name, ...by] of [["left", -0.26, 0], ["right", 0.26, 0], ["up", 0, 0.2], ["down", 0, -0.2]]) kit.on(`5.${name}`, () => surface.turn(...by));
    };

    const batch = () => {
      const map = new whatsit.LossMap(canvas("5.batch"), landscape);
      const plot = kit.plot("5.batch", { label: "", yLog: true, y: [0.08, 12], xName: say("teach_5.seen_points"), yName: say("teach_5.loss"), ratio: 1.05 });
      const size = line.x.length;
      let seed = kit.get("5.seed", 1, 1, 1e6, 1);
      const walk = (each, epochs, lr, dice = seed) => numbers.descend(problem, line.start, { lr, batches: numbers.minibatches(size, each, epochs, dice) });
      const ends = (lr) => [size, 10, 1].map((each) => walk(each, EPOCHS, lr, 1).at(-1).loss);
      const [low, high] = [BATCH_LR, HIGHER_LR].map((lr) => {
        const [all, some, one] = ends(lr);
        return { lr, all, some, one };
      });
      kit.right("5.batch", ends(BATCH_LR).indexOf(Math.min(...ends(BATCH_LR))));
      put("5.batch-seen", say("teach_5.batch_seen", low));
      put("5.batch-rate", say("teach_5.batch_rate", high));
      const draw = () => {
        const each = batchSize.value, path = walk(each, epochs.value, rate.value), whole = walk(size, epochs.value, rate.value), last = path.at(-1).loss;
        const curve = (walked) => walked.map(({ seen, loss }) => [seen, loss]);
        map.show([{ points: points(whole), color: "--soft", dash: [2, 5] }, { points: points(path), color: "--c-path", width: 1.8 }]);
        plot.axes({ x: [0, size * epochs.value] });
        plot.draw((pen) => {
          for (let epoch = 1; epoch < epochs.value; epoch++) pen.line([[size * epoch, 0.01], [size * epoch, 100]], "edge", { width: 1, dash: [2, 4], alpha: 0.6 });
          pen.line(curve(whole), "soft", { dash: [2, 5] });
          pen.line(curve(path), "path", { width: 2.2 });
        });
        const steps = path.length - 1;
        plot.label(say("teach_5.batch_label", { batch: each, first: path[0].loss, last, steps, whole: whole.at(-1).loss }));
        put("5.batch", say("teach_5.batch_now", { batch: each, each: steps / epochs.value, steps, last }));
      };
      const changed = () => {
        draw();
        kit.see("5.batch");
      };
      const batchSize = kit.slider("5.size", { low: 1, high: size, start: 10, step: 1, on: changed });
      const rate = kit.slider("5.rate", { low: 0.01, high: 0.5, start: BATCH_LR, isLog: true, text: (value) => say("teach_5.rate", { lr: value }), on: changed });
      const epochs = kit.slider("5.epochs", { low: 1, high: 10, start: EPOCHS, step: 1, on: changed });
      kit.on("5.shuffle", () => {
        seed += 1;
        kit.put("5.seed", seed);
        changed();
      });
      draw();
    };

    const momentum = () => {
      // The same points, measured from another zero, with a slope of 1, so that the valley fits on the map.
      const x = line.x.map((one) => one + VALLEY.zero), y = line.y.map((one, place) => one - 2 * line.x[place] - VALLEY.zero);
      const valley = numbers.line(x, y), end = valley.loss(numbers.newton(valley, [0, 0]));
      const map = new whatsit.LossMap(canvas("5.valley"), { ...VALLEY, loss: valley.loss, names });
      const walk = (keep) => {
        const path = numbers.descend(valley, VALLEY.start, { lr: VALLEY.lr, steps: MOST, momentum: keep });
        const there = path.findIndex(({ loss }) => loss < end * NEAR);
        return { path: path.slice(0, there < 0 ? path.length : there + 1), steps: there < 0 ? null : there };
      };
      const plain = walk(0), [none, good, much] = [0, 0.7, MUCH].map((keep) => walk(keep).steps ?? MOST);
      kit.right("5.momentum", [none, good, much].indexOf(Math.min(none, good, much)));
      put("5.momentum-seen", say("teach_5.momentum_seen", { none, good, much }));
      const draw = () => {
        const { path, steps } = walk(slider.value), values = { momentum: slider.value, steps: steps ?? MOST, plain: plain.steps };
        map.show([{ points: points(path), color: "--c-path" }, { points: points(plain.path), color: "--soft", width: 1.5, dash: [2, 5] }]);
        put("5.momentum", steps === null ? say("teach_5.momentum_never", values) : say("teach_5.momentum_now", values));
      };
      const slider = kit.slider("5.momentum", {
        low: 0, high: MUCH, start: 0, step: 0.05, text: (value) => kit.number(value), on: () => {
          draw();
          if (slider.value === MUCH) kit.see("5.momentum");
        },
      });
      draw();
    };

    const cycle = () => {
      const batches = numbers.minibatches(line.x.length, CYCLE.batch, CYCLE.epochs, CYCLE.seed), steps = batches.length;
      const shapes = { constant: () => [1, CYCLE.momentum], tiny: () => [1 / CYCLE.tiny, CYCLE.momentum], cycle: numbers.oneCycle(steps) };
      const excess = Object.fromEntries(Object.entries(shapes).map(([name, schedule]) => [
        name, numbers.descend(problem, line.start, { lr: CYCLE.lr, batches, schedule }).map(({ loss }, place) => [place, Math.max(loss - lowest, 1e-7)]),
      ]));
      const rest = (name) => numbers.mean(excess[name].slice(-CYCLE.last).map(([, one]) => one));
      const left = kit.plot("5.schedule", { label: "", x: [0, steps], y: [0, 1.2], xName: say("teach_5.step_axis"), ratio: 0.75 });
      const right = kit.plot("5.excess", {
        label: "", x: [0, steps], y: [1e-5, 10], yLog: true, xName: say("teach_5.step_axis"), yName: say("teach_5.cycle_above"), ratio: 0.75,
      });
      const tried = new Set(); // only these are shown
      const labels = { constant: say("teach_5.cycle_constant"), tiny: say("teach_5.cycle_tiny"), cycle: say("teach_5.cycle_one") };
      const draw = () => {
        tried.add(chosen.value);
        const shown = Object.keys(shapes).filter((name) => tried.has(name)), isWhole = shown.length === 3;
        const text = say("teach_5.cycle_numbers", { numbers: shown.map((name) => say("teach_5.cycle_number", { schedule: labels[name], rest: rest(name) })) });
        put("5.cycle", text);
        right.label(isWhole ? say("teach_5.cycle_label", { factor: rest("constant") / rest("cycle") }) : text);
        const curve = (part) => batches.map((_, place) => [place, shapes[chosen.value](place)[part]]);
        left.label({ constant: say("teach_5.schedule_constant"), tiny: say("teach_5.schedule_tiny"), cycle: say("teach_5.schedule_label") }[chosen.value]);
        left.draw((pen) => {
          pen.line(curve(0), "path", { width: 2.5 });
          pen.line(curve(1), "s2", { width: 2.5, dash: [7, 5] });
          const [early, late] = [0.3, 0.62].map((share) => Math.round(share * steps));
          pen.text(early, shapes[chosen.value](early)[0], say("teach_5.schedule_lr"), "path", { dy: -11, isBold: true });
          pen.text(late, shapes[chosen.value](late)[1], say("teach_5.schedule_momentum"), "s2", { dy: 15, isBold: true });
        });
        right.draw((pen) => {
          const isChosen = (name) => name === chosen.value, color = (name) => (isChosen(name) ? "loss" : "soft");
          for (const name of shown.sort((one, other) => isChosen(one) - isChosen(other))) {
            pen.line(excess[name], color(name), isChosen(name) ? { width: 2.2 } : { width: 1, alpha: 0.6 });
            pen.text(steps, excess[name].at(-1)[1], labels[name], color(name), { dx: -4, dy: -16, align: "right", size: 12, isBold: isChosen(name) });
          }
        });
      };
      const chosen = kit.choice("5.cycle", {
        start: "constant", on: () => {
          draw();
          if (tried.size === 3) kit.see("5.cycle");
        },
      });
      draw();
    };

    const newton = () => {
      const { parameters } = head.plain;
      put("5.newton-price", say("teach_5.newton_price", { head: parameters, square: parameters ** 2 }));
      kit.on("5.newton", () => {
        put("5.newton", say("teach_5.newton_at", { first: problem.loss(line.start), last: lowest, slope: bottom[0], intercept: bottom[1] }));
      });
    };

    for (const part of [bowl, batch, momentum, cycle, newton]) part();
  });
}
