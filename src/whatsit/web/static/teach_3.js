// Step 3: fit a line by hand, by four nudges, by the derivative; against the derivative; and the loop, line by line.
"use strict";
whatsit.step(3, (kit) => {
  const { say, number, course, see, out } = kit;
  const { line, lineAt, random, descend } = whatsit.numbers;
  const { x, y, start } = course.line, problem = line(x, y), RATE = 0.1;
  const rangeOf = (ys) => {
    const low = Math.min(...ys), high = Math.max(...ys), room = 0.08 * (high - low);
    return [Math.floor(low - room), Math.ceil(high + room)];
  };
  const range = rangeOf([...y, start[0] + start[1], start[1] - start[0]]);
  const drawLine = (pen, [slope, intercept], color = "line", style = { width: 3.5 }) => pen.line([-1, 1].map((one) => [one, slope * one + intercept]), color, style);
  const drawPoints = (pen, xs = x, ys = y) => pen.dots(xs, ys, "data", { radius: 3.6, alpha: 0.7 });
  const pair = ([left, right], digits = 3) => `[${number(left, digits)}, ${number(right, digits)}]`;

  const fit = () => {
    const a = [kit.get("a1", start[0], -9, 9), kit.get("a2", start[1], -9, 9)];
    let best = Infinity;
    const plot = kit.plot("fit", { label: "", x: [-1.05, 1.05], y: range, ratio: 0.66 });
    const [tensor, live] = kit.all("[data-beat=fit] [data-line]");
    const squares = kit.check("squares", { start: true, on: () => plot.refresh() });
    const show = () => {
      const loss = problem.loss(a);
      best = Math.min(best, loss);
      out("fit-a1", number(a[0]));
      out("fit-a2", number(a[1]));
      out("fit-mse", number(loss, 3));
      out("fit-rmse", number(Math.sqrt(loss), 3));
      out("fit-best", number(best, 3));
      tensor.textContent = `a = tensor([${a[0].toFixed(2)}, ${a[1].toFixed(2)}])`;
      live.textContent = `mse(x @ a, y)   # ${loss.toFixed(4)}`;
      const words = say("teach_3.fit_plot", { points: x.length, slope: a[0], intercept: a[1], loss });
      plot.label(words);
      kit.tell("fit", words);
      plot.refresh();
      if (loss < 0.1) see("fit");
    };
    plot.draw((pen) => {
      const guesses = lineAt(x, a);
      x.forEach((one, place) => {
        pen.line([[one, y[place]], [one, guesses[place]]], "loss", { width: 1.2, alpha: 0.55 });
        const side = Math.abs(plot.up(y[place]) - plot.up(guesses[place]));
        if (squares.value) pen.square(one, Math.max(y[place], guesses[place]), one > 0.25 ? -side : side, "loss", 0.035);
      });
      drawPoints(pen);
      drawLine(pen, a);
    });
    const moved = () => {
      kit.put("a1", a[0]);
      kit.put("a2", a[1]);
      show();
    };
    plot.handle({
      label: say("teach_3.move_up"), color: "line", at: () => [0, a[1]], step: [0, 0.05], text: () => number(a[1]),
      move: (_, up) => {
        a[1] = Math.min(range[1], Math.max(range[0], up));
        moved();
      },
    });
    plot.handle({
      label: say("teach_3.move_tilt"), color: "line", at: () => [0.9, 0.9 * a[0] + a[1]], step: [0, 0.045], text: () => number(a[0]),
      move: (_, up) => {
        a[0] = Math.min(9, Math.max(-9, (up - a[1]) / 0.9));
        moved();
      },
    });
    kit.on("fit-again", () => {
      [a[0], a[1]] = start;
      moved();
    });
    const first = problem.loss(start), choices = [0.1, 1, 8].map((one) => Math.abs(Math.log(first / one)));
    kit.right("fit", choices.indexOf(Math.min(...choices)));
    show();
  };

  const MOVES = { steeper: [0, 1], flatter: [0, -1], up: [1, 1], down: [1, -1] };
  const nudge = () => {
    const a = [...start], size = 0.1;
    let count = 0, losses = 0;
    const plot = kit.plot("nudge", { label: "", x: [-1.05, 1.05], y: range, ratio: 0.5, most: 330 });
    plot.draw((pen) => {
      drawPoints(pen);
      drawLine(pen, a);
    });
    const after = ([place, sign]) => a.map((one, here) => (here === place ? Number((one + sign * size).toFixed(9)) : one));
    const tries = () => Object.fromEntries(Object.entries(MOVES).map(([name, move]) => [name, problem.loss(after(move))]));
    const bestOf = (found) => Object.keys(found).reduce((best, name) => (found[name] < found[best] ? name : best));
    kit.right("nudge", Object.keys(MOVES).indexOf(bestOf(tries())));
    const show = () => {
      const loss = problem.loss(a), found = tries(), best = bestOf(found);
      for (const [name, value] of Object.entries(found)) {
        out(`nudge-${name}`, `${value < loss ? "▼" : "▲"} ${number(value, 3)}`);
        kit.find(`.nudge-${name}`).classList.toggle("best", name === best && value < loss);
      }
      out("nudge-loss", number(loss, 3));
      out("nudge-count", String(count));
      out("nudge-losses", String(losses));
      plot.label(say("teach_3.nudge_plot", { count, loss }));
      kit.tell("nudge", say("teach_3.nudge_plot", { count, loss }));
      plot.refresh();
      if (found[best] >= loss) see("nudge");
    };
    const make = (name, cost) => {
      const goal = after(MOVES[name]);
      [a[0], a[1]] = goal;
      count += 1;
      losses += cost;
    };
    const keepBest = () => {
      const found = tries(), best = bestOf(found);
      if (found[best] >= problem.loss(a)) return false;
      make(best, 4);
      return true;
    };
    const player = kit.player({ step: keepBest, draw: show, every: 70 });
    for (const name of Object.keys(MOVES)) {
      kit.on(`nudge-${name}`, () => {
        player.pause();
        make(name, 1);
        show();
      });
    }
    kit.on("nudge-best", () => {
      player.pause();
      keepBest();
      show();
    });
    kit.on("nudge-run", () => player.play());
    kit.on("nudge-again", () => {
      player.pause();
      [a[0], a[1]] = start;
      count = losses = 0;
      show();
    });
    show();
  };

  // The loss along one of the two numbers, with a point to drag and the tangent in it.
  const slopes = () => {
    const a = [...start], names = ["a1", "a2"];
    const across = [[-2, 6], [-1, 5]], plots = names.map((name, place) => {
      const plot = kit.plot(`slope-${place + 1}`, { label: "", x: across[place], y: [0, 12], xName: name, yName: say("teach_3.loss"), ratio: 0.85 });
      const along = (value) => problem.loss(a.map((one, here) => (here === place ? value : one)));
      plot.draw((pen) => {
        const slope = problem.slope(a)[place], loss = problem.loss(a), reach = 1.6 / Math.hypot(1, slope / 4);
        pen.curve(along, "loss", { width: 3 });
        pen.line([-reach, reach].map((one) => [a[place] + one, loss + slope * one]), "slope", { width: 3 });
      });
      plot.handle({
        label: say("teach_3.slope_point", { name }), color: "slope", at: () => [a[place], problem.loss(a)], step: [0.1, 0], text: () => number(a[place]),
        move: (value) => {
          a[place] = Math.min(across[place][1], Math.max(across[place][0], value));
          show();
        },
        end: () => see("slope"),
      });
      return plot;
    });
    const show = () => {
      const slope = problem.slope(a), loss = problem.loss(a), tiny = 0.001, words = names.map((name, place) => say("teach_3.slope_plot", { name, value: a[place], loss, slope: slope[place] }));
      plots.forEach((plot, place) => {
        const moved = (by) => problem.loss(a.map((one, here) => (here === place ? one + by : one)));
        out(`grad-${place + 1}`, number(slope[place], 4));
        out(`nudged-${place + 1}`, number((moved(tiny) - moved(-tiny)) / (2 * tiny), 4));
        plot.label(words[place]);
        plot.refresh();
      });
      kit.tell("slope", words.join(" "));
    };
    kit.right("slope", problem.slope(start)[1] < 0 ? 0 : 1);
    kit.on("downhill", () => {
      const slope = problem.slope(a);
      a.forEach((one, place) => { a[place] = one - RATE * slope[place]; });
      show();
      see("slope");
    });
    kit.on("slope-again", () => {
      [a[0], a[1]] = start;
      show();
    });
    show();
  };

  // Neither the reader nor the derivative sees the points.
  const race = () => {
    const TURNS = 10, FASTER = 0.3, RACERS = ["race1", "race2"];
    let mine, its, xs, ys, hidden, turn = kit.get("race", 1, 1, 1e6, 1);
    const picture = kit.plot("race-picture", { label: "", x: [-1.05, 1.05], y: [-6, 8], ratio: 0.85 });
    const curve = kit.plot("race-loss", { label: "", x: [0, TURNS], y: [0.05, 60], yLog: true, xName: say("teach_3.race_moves"), yName: say("teach_3.loss"), ratio: 0.85 });
    const isOver = () => mine.length > TURNS;
    const show = () => {
      const now = mine.at(-1), other = its[mine.length - 1];
      out("race-left", String(TURNS + 1 - mine.length));
      out("race-mine", number(now.loss, 3));
      out("race-its", number(other.loss, 3));
      kit.find("[data-do=race-move]").disabled = isOver();
      picture.label(isOver() ? say("teach_3.race_open") : say("teach_3.race_picture"));
      curve.label(say("teach_3.race_curve", { mine: mine.map((one) => one.loss), its: its.slice(0, mine.length).map((one) => one.loss) }));
      picture.refresh();
      curve.refresh();
    };
    const begin = () => {
      const dice = random(turn), slope = (dice() < 0.5 ? -1 : 1) * (1.5 + 2 * dice()), intercept = 5 * dice() - 1.5;
      xs = Array.from({ length: 60 }, () => 2 * dice() - 1);
      ys = xs.map((one) => slope * one + intercept + dice());
      hidden = line(xs, ys);
      const from = [0, 0];
      mine = [{ a: from, loss: hidden.loss(from) }];
      its = descend(hidden, from, { lr: FASTER, steps: TURNS });
      show();
    };
    const sliders = RACERS.map((key) => kit.slider(key, { low: -6, high: 6, start: 0, step: 0.1, text: (value) => number(value, 1), on: () => picture.refresh() }));
    picture.draw((pen) => {
      if (isOver()) {
        drawPoints(pen, xs, ys);
        drawLine(pen, its[TURNS].a, "slope", { width: 3.5, dash: [9, 7] });
      } else {
        pen.rect(-2, -7, 2, 9, "data", { alpha: 0.1 });
        pen.text(0, 7, say("teach_3.race_hidden"), "soft", { align: "center" });
      }
      drawLine(pen, isOver() ? mine.at(-1).a : sliders.map((one) => one.value));
    });
    curve.draw((pen) => {
      for (const [path, color, dash] of [[its.slice(0, mine.length), "slope", [9, 7]], [mine, "line", []]]) {
        pen.line(path.map(({ loss }, place) => [place, loss]), color, { width: 3, dash });
        pen.dots(path.map((_, place) => place), path.map(({ loss }) => loss), color, { radius: 4, alpha: 1 });
      }
    });
    kit.on("race-move", () => {
      if (isOver()) return;
      const a = sliders.map((one) => one.value);
      mine.push({ a, loss: hidden.loss(a) });
      show();
      if (!isOver()) return;
      kit.right("race", mine[TURNS].loss < its[TURNS].loss ? 0 : 1);
      see("race");
    });
    kit.on("race-again", () => {
      turn += 1;
      kit.put("race", turn);
      for (const one of sliders) one.set(0);
      for (const key of RACERS) kit.put(key, 0);
      begin();
    });
    begin();
  };

  // The loop of the code beside it, one line at a time. `gradient` is what a.grad holds.
  const loop = () => {
    const STEPS = 100, says = kit.find("[data-loop-says]"), printed = kit.find("[data-printed]");
    let t, at, a, gradient, used, losses, kept, player;
    const picture = kit.plot("loop-line", { label: "", x: [-1.05, 1.05], y: range, ratio: 0.8 });
    const curve = kit.plot("loop-loss", { label: "", x: [0, STEPS], y: [0, 1], xName: say("teach_3.step_axis"), yName: say("teach_3.loss"), ratio: 0.8 });
    const zero = kit.check("zero", { start: true, on: () => begin() });
    picture.draw((pen) => {
      drawPoints(pen);
      for (const [place, old] of kept.entries()) drawLine(pen, old, "line", { width: 1, alpha: 0.06 + (0.3 * place) / kept.length });
      drawLine(pen, a);
    });
    curve.draw((pen) => pen.line(losses.map((loss, place) => [place, loss]), "loss", { width: 3 }));
    const lines = [
      () => {},
      () => { t += 1; },
      () => { losses.push(problem.loss(a)); },
      () => { if (t % 10 === 0) printed.textContent += `${t === 0 ? "" : "\n"}${losses.at(-1).toFixed(4)}`; },
      () => { gradient = problem.slope(a).map((one, place) => gradient[place] + one); },
      () => {},
      () => {
        kept.push(a);
        used = gradient;
        a = a.map((one, place) => one - RATE * gradient[place]);
      },
      () => { if (zero.value) gradient = [0, 0]; },
    ];
    const words = () => {
      const [left, right] = gradient;
      return [
        () => say("teach_3.loop_says_0"), () => say("teach_3.loop_says_1"), () => say("teach_3.loop_says_2", { loss: losses.at(-1) }), () => say("teach_3.loop_says_3"),
        () => say("teach_3.loop_says_4", { left, right }), () => say("teach_3.loop_says_5"), () => say("teach_3.loop_says_6", { left: a[0], right: a[1] }),
        () => (zero.value ? say("teach_3.loop_says_7") : say("teach_3.loop_says_kept")),
      ][at]();
    };
    const show = () => {
      kit.light("[data-beat=loop] .loop", at);
      kit.rich(says, words());
      if (player.isPlaying || t === STEPS - 1) kit.tell("loop", say("teach_3.loop_plot", { steps: t + 1, loss: losses.at(-1) }));
      else kit.tell("loop", says.textContent);
      kit.find("[data-beat=loop] [data-line='7']").classList.toggle("gone", !zero.value);
      out("loop-t", t < 0 ? "–" : String(t));
      out("loop-loss", losses.length ? number(losses.at(-1), 4) : "–");
      out("loop-grad", pair(player.isPlaying ? used : gradient));
      out("loop-a", pair(a));
      const loss = losses.at(-1) ?? problem.loss(a);
      curve.axes({ y: [0, Math.ceil(1.1 * Math.max(...losses, problem.loss(start)))] });
      picture.label(say("teach_3.loop_plot", { steps: Math.max(0, t + 1), loss }));
      curve.label(say("teach_3.loop_curve", { steps: losses.length, first: losses[0] ?? loss, last: loss }));
      picture.refresh();
    };
    const begin = () => {
      player.pause();
      [t, at, a, gradient, used, losses, kept] = [-1, 0, [...start], [0, 0], [0, 0], [], []];
      printed.textContent = "";
      show();
    };
    const next = () => {
      if (t === STEPS - 1 && at === 7) return false;
      at = at === 7 ? 1 : at + 1;
      lines[at]();
      return true;
    };
    const round = () => {
      do if (!next()) return false; while (at !== 7);
      return !(t === STEPS - 1);
    };
    player = kit.player({ step: round, draw: show, every: 40, end: () => { if (t === STEPS - 1) see("loop"); } });
    kit.on("loop-next", () => {
      player.pause();
      next();
      show();
    });
    kit.on("loop-run", () => {
      if (t === STEPS - 1) begin();
      player.play();
    });
    kit.on("loop-again", begin);
    begin();
  };

  for (const part of [fit, nudge, slopes, race, loop]) part();
});
