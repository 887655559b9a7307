// Step 4: the learning rate, on a parabola, measured on the line, and in four trainings that went wrong.
"use strict";
whatsit.step(4, (kit) => {
  const { say, number, course, see, out } = kit;
  const { line, descend, mean, mse, normal, random } = whatsit.numbers;
  const short = (value) => whatsit.ofAnySize(value).replace(/^-/, "−");
  // Only where a line leaves the picture, with the value there: the axes stay as they are.
  const drawUntil = (pen, points, most, color, style, words) => {
    pen.line(points, color, style);
    if (!points.length || points.every(([, y]) => y <= most)) return;
    pen.text(pen.plot.x[1], most, `↑ ${words(points.at(-1)[1])}`, color, { dx: -4, dy: 16, align: "right", isBold: true });
  };

  const bowl = () => {
    const MOST = 9.5, FAIR = 0.65, panes = [["small", 0.03], ["good", 0.3], ["large", 1.05]].map(([key, rate]) => {
      const plot = kit.plot(`bowl-${key}`, { label: "", x: [-3.2, 3.2], y: [0, MOST], ratio: 0.62, least: 180 });
      const pane = { key, plot, path: [] };
      plot.draw((pen) => {
        pen.curve((x) => x * x, "loss", { width: 2.5, alpha: 0.8 });
        pen.line(pane.path.map((x) => [x, x * x]), "path", { width: 1.6, dash: [4, 5] });
        pen.dots(pane.path, pane.path.map((x) => x * x), "path", { radius: 3.5, alpha: 0.55 });
        const x = pane.path.at(-1), y = x * x;
        if (y <= MOST) pen.dots([x], [y], "path", { radius: 8, alpha: 1 });
        else pen.text(0, MOST, `↑ ${say("teach_4.bowl_out", { loss: short(y) })}`, "bad", { dy: 14, align: "center", isBold: true });
      });
      pane.slider = kit.slider(`rate-${key}`, { low: 0.01, high: 1.2, start: rate, step: 0.01, text: (value) => value.toFixed(2), on: () => begin() });
      return pane;
    });
    const start = kit.slider("bowl", { low: -3, high: 3, start: -2, step: 0.1, text: (value) => number(value, 1), on: () => begin() });
    // What a rate does: a step multiplies x by 1 - 2 rate. The title of a ball follows its slider.
    const nameOf = (rate) => {
      const factor = 1 - 2 * rate;
      if (factor <= -1) return say("teach_4.large");
      if (factor < -FAIR) return say("teach_4.swings");
      return factor > FAIR ? say("teach_4.small") : say("teach_4.good");
    };
    const show = () => {
      const words = panes.map(({ key, path, plot, slider }) => {
        const x = path.at(-1), steps = path.length - 1, loss = x * x, pane = plot.host.parentElement, name = nameOf(slider.value);
        pane.querySelector("h4").textContent = name;
        pane.setAttribute("aria-label", name);
        const shown = say("teach_4.bowl_plot", { name, steps, rate: slider.value, x, loss });
        out(`bowl-${key}`, say("teach_4.bowl_at", { steps, x: short(x), loss: short(loss) }));
        plot.label(shown);
        plot.refresh();
        return shown;
      });
      kit.tell("bowl", words.join(" "));
    };
    const step = () => {
      for (const pane of panes) {
        const x = pane.path.at(-1);
        pane.path.push(x - pane.slider.value * 2 * x);
      }
      if (panes[0].path.length > 8) see("bowl");
    };
    let left = 0;
    const player = kit.player({
      step: () => {
        step();
        left -= 1;
        return left > 0;
      },
      draw: show, every: 220,
    });
    const begin = () => {
      player.pause();
      for (const pane of panes) pane.path = [start.value];
      show();
    };
    kit.on("bowl-step", () => {
      player.pause();
      step();
      show();
    });
    kit.on("bowl-run", () => {
      player.pause();
      left = 20;
      player.play();
    });
    kit.on("bowl-again", begin);
    begin();
  };

  const LOW = 0.001, HIGH = 2, MOST = 10_000, RATES = 60, RUN = 100;
  const sweep = () => {
    const { x, y, start } = course.line, problem = line(x, y), first = problem.loss(start);
    const [[p, q], [, s]] = problem.curvature, sharp = (p + s) / 2 + Math.hypot((p - s) / 2, q), edge = 2 / sharp;
    const lowest = problem.loss(whatsit.numbers.newton(problem, start)), goal = 1.01 * lowest;
    // Steps to the goal: Infinity when it diverges, NaN when there are more than MOST.
    const count = (lr) => {
      let a = start;
      for (let step = 0; step <= MOST; step++) {
        const loss = problem.loss(a);
        if (loss <= goal) return step;
        if (!(loss < 1e12)) return Infinity;
        const slope = problem.slope(a);
        a = [a[0] - lr * slope[0], a[1] - lr * slope[1]];
      }
      return lr > edge ? Infinity : NaN;
    };
    const measured = [];
    const chart = kit.plot("sweep", { label: say("teach_4.sweep_plot", { found: say("teach_4.sweep_none") }), x: [LOW, HIGH], y: [2, MOST], xLog: true, yLog: true, xName: say("teach_4.rate"), yName: say("teach_4.steps_axis"), ratio: 0.6 });
    const typed = kit.find("[data-typed]"), doctor = kit.find("[data-doctor]"), status = kit.find("[data-sweep-says]");
    const slider = kit.slider("lr", {
      low: LOW, high: HIGH, start: 0.1, isLog: true, isOpen: true, text: short,
      on: (value) => {
        typed.value = "";
        choose(value);
      },
    });
    let rate = slider.value;
    if (rate < LOW || rate > HIGH) typed.value = rate;
    chart.draw((pen) => {
      pen.rect(edge, 2, HIGH, MOST, "bad", { alpha: 0.1 });
      pen.line([[edge, 2], [edge, MOST]], "bad", { width: 1.5, dash: [5, 4] });
      pen.text(edge, 2, say("teach_4.diverges"), "bad", { dx: 6, dy: -14, size: 12 });
      const good = measured.filter(([, steps]) => Number.isFinite(steps)), gone = measured.filter(([, steps]) => steps === Infinity);
      pen.dots(good.map(([lr]) => lr), good.map(([, steps]) => steps), "path", { radius: 4, alpha: 0.9 });
      for (const [lr] of gone) pen.text(lr, MOST, "×", "bad", { align: "center", dy: 10, size: 15 });
      const steps = rate > 0 ? count(rate) : NaN;
      if (rate >= LOW && rate <= HIGH) pen.line([[rate, 2], [rate, MOST]], "slope", { width: 2, alpha: 0.8 });
      if (Number.isFinite(steps)) pen.dots([rate], [steps], "slope", { radius: 8, alpha: 1 });
    });
    const curve = kit.plot("run", { label: "", x: [0, RUN], y: [0, 1.6 * first], xName: say("teach_4.step_axis"), yName: say("teach_4.loss"), ratio: 0.42 });
    let points = [];
    curve.draw((pen) => drawUntil(pen, points, 1.6 * first, "loss", { width: 3 }, (last) => say("teach_4.run_leaves", { step: points.length - 1, loss: short(last) })));
    const warn = (words) => {
      doctor.hidden = !words;
      kit.rich(doctor, words);
    };
    const choose = (value) => {
      rate = value;
      const path = descend(problem, start, { lr: value, steps: RUN }), last = path.at(-1).loss, steps = value > 0 ? count(value) : NaN;
      points = path.map(({ loss }, place) => [place, loss]);
      kit.find("[data-out=run-steps]").classList.toggle("other", !Number.isFinite(steps));
      out("run-steps", steps === Infinity || !(value > 0) ? say("teach_4.never") : Number.isNaN(steps) ? say("teach_4.not_in", { most: MOST }) : String(steps));
      out("run-last", short(last));
      curve.label(say("teach_4.run_plot", { steps: path.length - 1, rate: short(value), first, last }));
      warn(value === 0 ? say("teach_4.zero") : value < 0 ? say("teach_4.negative") : kit.doctor(path, RUN));
      curve.refresh();
      chart.refresh();
    };
    const refuse = () => {
      [rate, points] = [NaN, []];
      for (const key of ["run-steps", "run-last"]) out(key, "–");
      curve.label(say("teach_4.run_none"));
      warn(say("teach_4.not_number", { text: typed.value.trim() }));
      curve.refresh();
      chart.refresh();
    };
    typed.addEventListener("input", () => {
      const text = typed.value.trim().replace(",", ".").replace("−", "-");
      if (!text) {
        choose(slider.value);
        return;
      }
      const value = Number(text);
      if (!Number.isFinite(value)) {
        refuse();
        return;
      }
      slider.set(value);
      kit.put("lr", value);
      choose(value);
    });
    let total = 0, spent = 0;
    const player = kit.player({
      every: 30,
      step: () => {
        const lr = Number((LOW * (HIGH / LOW) ** (measured.length / (RATES - 1))).toPrecision(2)), before = performance.now(), steps = count(lr);
        spent += performance.now() - before;
        total += Number.isFinite(steps) ? steps : 0;
        measured.push([lr, steps]);
        return measured.length < RATES;
      },
      draw: () => chart.refresh(),
      end: () => {
        if (measured.length < RATES) return;
        const [best, least] = measured.filter(([, steps]) => Number.isFinite(steps)).reduce((one, other) => (other[1] < one[1] ? other : one));
        status.textContent = say("teach_4.sweep_done", { steps: total, milliseconds: spent, least, rate: best });
        chart.label(say("teach_4.sweep_plot", { found: say("teach_4.sweep_found", { steps: least, rate: best, edge }) }));
        see("rate");
      },
    });
    kit.on("sweep", () => {
      if (player.isPlaying) return;
      measured.length = total = spent = 0;
      player.play();
    });
    const choices = [0.01, 0.1, 0.7, 1.1].map((lr) => count(lr) || Infinity);
    kit.right("rate", choices.indexOf(Math.min(...choices)));
    kit.rich(kit.find("[data-beat=rate] [data-edge]"), say("teach_4.sweep_edge", { edge }));
    choose(rate);
  };

  // Twenty points of a line with noise, forty others, and a curve with more numbers than it needs, as a sum of Legendre
  // polynomials, on which gradient descent is quick. From these points, validation loss starts above training loss.
  const wiggly = (() => {
    const DEGREE = 12, SEED = 511, NOISE = 0.8, dice = random(SEED);
    const points = (size) => {
      const x = Array.from({ length: size }, () => 2 * dice() - 1);
      return [x, x.map((one) => 3 * one + 2 + NOISE * normal(dice))];
    };
    const features = (x) => {
      const row = [1, x];
      for (let n = 1; n < DEGREE; n++) row.push(((2 * n + 1) * x * row[n] - n * row[n - 1]) / (n + 1));
      return row.map((value, n) => value * Math.sqrt(2 * n + 1));
    };
    const problem = ([x, y]) => {
      const rows = x.map(features), answers = (a) => rows.map((row) => row.reduce((total, one, place) => total + one * a[place], 0));
      return {
        size: x.length,
        loss: (a) => mse(answers(a), y),
        slope: (a) => {
          const errors = answers(a).map((one, place) => one - y[place]);
          return a.map((_, place) => 2 * mean(rows.map((row, which) => row[place] * errors[which])));
        },
      };
    };
    const train = problem(points(20)), valid = problem(points(40));
    return (lr, steps) => {
      const path = descend(train, Array(DEGREE + 1).fill(0), { lr, steps });
      return { train: path.map(({ loss }) => loss), valid: path.map(({ a }) => valid.loss(a)) };
    };
  })();
  const drawLosses = (pen, { train, valid }, most) => {
    drawUntil(pen, train.map((loss, place) => [place, loss]), most, "train", { width: 2.8 }, (last) => short(last));
    pen.line(valid.map((loss, place) => [place, loss]), "valid", { width: 2.8, dash: [6, 5] });
  };

  const four = () => {
    const found = new Set(), cases = [["few", 0.05, 4], ["high", 0.5, 12], ["many", 0.05, 400], ["low", 0.0025, 40]];
    cases.forEach(([kind, rate, epochs], place) => {
      const card = kit.find(`[data-case="${place}"]`), select = card.querySelector("select"), answer = card.querySelector("[role=status]");
      const run = wiggly(rate, epochs), { train, valid } = run, most = kind === "high" ? 60 : 12, best = valid.indexOf(Math.min(...valid));
      const label = say("teach_4.case_plot", { number: place + 1, epochs, first: train[0], train: train.at(-1), before: valid[0], valid: valid.at(-1) });
      const plot = kit.plot(`case-${place}`, { label, x: [0, epochs], y: [0, most], xName: say("teach_4.epoch_axis"), yName: say("teach_4.loss"), ratio: 0.6 });
      plot.draw((pen) => {
        drawLosses(pen, run, most);
        if (kind === "many" && found.has(kind)) pen.dots([best], [valid[best]], "valid", { radius: 6, alpha: 1 });
      });
      const words = {
        few: () => say("teach_4.says_few", { before: train.at(-2), last: train.at(-1) }),
        high: () => say("teach_4.says_high", { words: say("doctor.line_exploded", { first: train[0], last: train.at(-1), steps: epochs }) }),
        many: () => say("teach_4.says_many", { epoch: best, best: valid[best], last: valid.at(-1) }),
        low: () => say("teach_4.says_low", { epochs, rate, loss: valid.at(-1), better: wiggly(10 * rate, epochs).valid.at(-1) }),
      };
      select.addEventListener("change", () => {
        const isRight = select.value === kind;
        card.classList.toggle("solved", isRight);
        answer.className = isRight ? "good" : "other";
        answer.textContent = isRight ? words[kind]() : select.value && say("teach_4.wrong");
        if (isRight) found.add(kind);
        plot.refresh();
        if (found.size === cases.length) see("four");
      });
    });
  };

  const own = () => {
    const ENOUGH = 3; // tries
    let run, best = Infinity, tries = 0;
    const plot = kit.plot("own", { label: "", x: [0, 1], y: [0, 12], xName: say("teach_4.epoch_axis"), yName: say("teach_4.loss"), ratio: 0.55 });
    plot.draw((pen) => {
      drawLosses(pen, run, 12);
      const low = run.valid.indexOf(Math.min(...run.valid));
      pen.dots([low], [run.valid[low]], "valid", { radius: 6, alpha: 1 });
    });
    const show = () => {
      run = wiggly(rate.value, epochs.value);
      const train = run.train.at(-1), valid = run.valid.at(-1), whole = run.train.length > epochs.value;
      if (whole && valid < best) best = valid;
      out("own-train", short(train));
      out("own-valid", short(valid));
      out("own-best", Number.isFinite(best) ? number(best, 3) : "–");
      plot.axes({ x: [0, epochs.value] });
      const words = say("teach_4.own_plot", { epochs: epochs.value, rate: rate.value, train, valid });
      plot.label(words);
      kit.tell("own", words);
    };
    const tried = () => { if (++tries >= ENOUGH) see("own"); };
    const rate = kit.slider("own-lr", { low: 0.0005, high: 0.5, start: 0.05, isLog: true, text: short, on: () => show(), end: tried });
    const epochs = kit.slider("own-epochs", { low: 2, high: 400, start: 5, step: 1, text: String, on: () => show(), end: tried });
    show();
  };

  for (const part of [bowl, sweep, four, own]) part();
});
