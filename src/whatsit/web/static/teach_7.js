// Step 7: what holds on pictures that were not trained on.
"use strict";
{
  const { numbers, step, digitRows, digits: { paint } } = window.whatsit;
  const POINTS = 20, OTHERS = 40, NOISE = 0.2, SEED = 5, OFF = 1e-5, GOOD = 3e-3; // GOOD: weight decay for degree 15
  const TRAIN = 60, LR = 1, EPOCHS = 150, WRONG = 10; // of the classifier: every sixth label may be wrong
  const CELL = 28; // pixels of a digit in the sheet
  const cubic = (x) => 2 * x ** 3 + 0.4 * x ** 2 - 1.2 * x;

  // Points all over the range, so that no polynomial has to leave it.
  const sample = (size, dice) => {
    const x = Array.from({ length: size }, (_, place) => -1 + (2 * (place + (place === 0 ? 0 : place === size - 1 ? 1 : dice()))) / size);
    return { x, y: x.map((one) => cubic(one) + NOISE * numbers.normal(dice)) };
  };

  step(7, (kit) => {
    const { say } = kit;
    const said = (key) => kit.find(`[data-said="${key}"]`), put = (key, text) => kit.rich(said(key), text);

    const fit = () => {
      const plot = kit.plot("7.fit", { label: "", x: [-1.04, 1.04], y: [-2, 2], ratio: 0.62 });
      const tried = new Map(); // what the table has measured: the degree and weight decay of each row
      let seed = kit.get("7.seed", SEED, 1, 1e6, 1), own, others;
      const measured = (degree, wd) => {
        const a = numbers.fitPolynomial(own.x, own.y, degree, wd), loss = ({ x, y }) => numbers.mse(numbers.polynomialAt(x, a), y);
        return { a, own: loss(own), others: loss(others) };
      };
      const fill = (column) => {
        const found = measured(...tried.get(column));
        for (const row of ["own", "others"]) kit.out(`7.${row}-${column}`, kit.number(found[row], found[row] < 1 ? 3 : 2));
      };
      const begin = () => {
        const dice = numbers.random(seed);
        [own, others] = [sample(POINTS, dice), sample(OTHERS, dice)];
        const [one, three, wild, decayed] = [[1, 0], [3, 0], [15, 0], [15, GOOD]].map((how) => measured(...how));
        const losses = [one, three, wild].map((each) => each.others);
        kit.right("7.fit", losses.indexOf(Math.min(...losses)));
        put("7.fit-seen", say("teach_7.fit_seen", { wild_train: wild.own, three_train: three.own, wild: wild.others, three: three.others }));
        put("7.fit-decay", say("teach_7.fit_decay", { decayed: decayed.others, wd: GOOD }));
        for (const column of tried.keys()) fill(column);
      };
      const draw = () => {
        const chosen = Number(degree.value), isWild = chosen === 15, wd = isWild && decay.value > OFF ? decay.value : 0, found = measured(chosen, wd);
        const column = wd ? "decay" : String(chosen);
        kit.find('[data-slider="7.decay"]').disabled = !isWild; // the table has no row for decay on the others
        tried.set(column, [chosen, wd]);
        fill(column);
        for (const one of kit.all(".fits [data-out]")) one.classList.toggle("now", one.dataset.out.endsWith(`-${column}`));
        plot.draw((pen) => {
          pen.curve(cubic, "soft", { width: 1.5, dash: [3, 5] });
          if (check.value) pen.dots(others.x, others.y, "data", { radius: 4, isHollow: true });
          pen.dots(own.x, own.y, "ink", { radius: 4.5, alpha: 0.85 });
          const fine = Array.from({ length: 401 }, (_, place) => -1 + place / 200);
          pen.line(fine.map((x) => [x, numbers.polynomialAt([x], found.a)[0]]), "line", { width: 2.8 });
        });
        plot.label(say("teach_7.fit_label", { degree: chosen, train: found.own, valid: found.others }));
        if (["1", "3", "15", "decay"].every((one) => tried.has(one))) kit.see("7.fit");
      };
      const check = kit.check("7.others", { on: () => draw() });
      const degree = kit.choice("7.degree", { start: 1, on: () => draw() });
      const decay = kit.slider("7.decay", {
        low: OFF, high: 1, start: OFF, isLog: true, on: () => draw(), text: (value) => (value > OFF ? say("teach_7.rate", { wd: value }) : say("teach_7.decay_off")),
      });
      begin();
      draw();
      kit.on("7.points", () => {
        seed += 1;
        kit.put("7.seed", seed);
        begin();
        draw();
      });
    };

    // A classifier that has seen few digits, and the many that it has not: also what somebody sells.
    const digits = digitRows(kit.course), own = { features: digits.train.features.slice(0, TRAIN), labels: digits.train.labels.slice(0, TRAIN) };
    const problem = numbers.head(own.features, own.labels, 10), others = numbers.head(digits.valid.features, digits.valid.labels, 10);

    const gap = () => {
      const axis = { x: [0, EPOCHS], xName: say("teach_7.epoch"), ratio: 0.8 };
      const losses = kit.plot("7.losses", { ...axis, label: say("teach_7.train_loss"), y: [0, 2.4], yName: say("teach_7.loss") });
      const errors = kit.plot("7.errors", { ...axis, label: say("teach_7.error_rate"), y: [0, 1], yName: say("teach_7.error_rate") });
      const labels = own.labels.map((label, place) => (place % (TRAIN / WRONG) ? label : (label + 3) % 10));
      const problems = { right: problem, wrong: numbers.head(own.features, labels, 10) }, done = new Set();
      let walk = null, path = [], trained;
      const next = () => {
        for (let count = 0; count < 2; count++) {
          const { value, done } = walk.next();
          if (done) return false;
          path.push({ train: value.loss, valid: others.loss(value.a), error: 1 - others.accuracy(value.a) });
        }
        return true;
      };
      const curve = (name) => path.map((one, epoch) => [epoch, one[name]]);
      const draw = () => {
        losses.draw((pen) => {
          pen.line(curve("valid"), "valid", { width: 2.5, dash: [6, 5] });
          pen.line(curve("train"), "train", { width: 2.5 });
        });
        errors.draw((pen) => pen.line(curve("error"), "bad", { width: 2.5 }));
      };
      const end = () => {
        if (path.length <= EPOCHS) return;
        const { train, valid, error } = path.at(-1), text = say("teach_7.gap_label", { train, valid, error });
        losses.label(text);
        said("7.gap").textContent = text;
        if (trained === "right") {
          const below = path.findIndex((one) => one.train < one.valid);
          put("7.gap-seen", say("teach_7.gap_seen", { below, train, valid, first: path[0].error, last: error }));
        } else {
          const lowest = Math.min(...path.map((one) => one.error)), epoch = path.findIndex((one) => one.error === lowest);
          put("7.gap-wrong", say("teach_7.gap_seen_wrong", { wrong: WRONG, lowest, epoch, last: error, train }));
        }
        done.add(trained);
        if (done.size === 2) kit.see("7.gap");
      };
      const chosen = kit.choice("7.labels", { start: "right" });
      const player = kit.player({ step: next, draw, every: 40, end });
      draw();
      kit.on("7.train", () => {
        player.pause();
        trained = chosen.value;
        [walk, path] = [numbers.walk(problems[trained], problem.start, { lr: LR, steps: EPOCHS }), []];
        player.play();
      });
    };

    const seller = () => {
      const canvas = kit.find('[data-canvas="7.sheet"]'), span = kit.find('[data-span="7"]'), dice = numbers.random(SEED);
      const pixels = digits.valid.pictures, all = digits.valid.labels.length;
      let tested = [], isRight = null;
      const answer = () => {
        const { a } = numbers.descend(problem, problem.start, { lr: LR, steps: EPOCHS }).at(-1);
        return others.probabilities(a).map((shares, place) => shares.indexOf(Math.max(...shares)) === digits.valid.labels[place]);
      };
      const draw = () => {
        const across = Math.max(1, Math.floor(canvas.clientWidth / CELL)), down = Math.max(1, Math.ceil((tested.length || size.value) / across));
        const sharp = devicePixelRatio || 1, pen = canvas.getContext("2d"), style = getComputedStyle(canvas);
        const [good, bad, page] = ["--good", "--bad", "--page"].map((name) => style.getPropertyValue(name).trim());
        canvas.style.height = `${down * CELL}px`;
        [canvas.width, canvas.height] = [canvas.clientWidth * sharp, down * CELL * sharp];
        pen.scale(sharp, sharp);
        tested.forEach((place, cell) => {
          const [x, y] = [(cell % across) * CELL, Math.floor(cell / across) * CELL], color = isRight[place] ? good : bad;
          pen.fillStyle = color;
          pen.fillRect(x + 1, y + 1, CELL - 3, CELL - 3);
          paint(pen, pixels[place].pixels, x + (isRight[place] ? 2 : 4), y + (isRight[place] ? 2 : 4), CELL - (isRight[place] ? 5 : 9));
          if (isRight[place]) return;
          Object.assign(pen, { strokeStyle: page, lineWidth: 3.5 });
          for (const ink of [page, bad]) {
            pen.strokeStyle = ink;
            pen.beginPath();
            pen.moveTo(x + 3, y + 3);
            pen.lineTo(x + CELL - 4, y + CELL - 4);
            pen.stroke();
            pen.lineWidth = 1.8;
          }
        });
      };
      const test = () => {
        if (!isRight) {
          isRight = answer();
          const share = numbers.mean(isRight.map(Number));
          kit.right("7.seller", share < 0.95 ? 2 : share < 0.995 ? 1 : 0);
          put("7.seller-seen", say("teach_7.seller_seen", { images: all, share }));
        }
        tested = numbers.shuffled(all, dice).slice(0, size.value);
        const images = tested.length, right = tested.filter((place) => isRight[place]).length, [low, high] = numbers.interval(right, images);
        for (const [name, value] of Object.entries({ low, high, share: right / images })) span.style.setProperty(`--${name}`, value);
        span.classList.add("measured");
        put("7.seller", say("teach_7.seller_now", { right, images, share: right / images, low, high }));
        canvas.setAttribute("aria-label", say("teach_7.seller_label", { right, wrong: images - right }));
        draw();
        kit.see("7.seller");
      };
      const size = kit.slider("7.size", { low: 10, high: all, start: 50, step: 10 });
      canvas.setAttribute("aria-label", say("teach_7.seller_label", { right: 0, wrong: 0 }));
      new ResizeObserver(() => tested.length && draw()).observe(canvas.parentElement);
      kit.on("7.test", test);
    };

    const entropy = () => {
      const loss = (probability) => -Math.log(probability), least = 0.003, MOST = 7;
      const plot = kit.plot("7.entropy", { label: say("teach_7.entropy_label"), x: [0, 1], y: [0, MOST], xName: say("teach_7.entropy_axis"), yName: say("teach_7.loss"), ratio: 0.66 });
      let probability = kit.get("7.p", 0.9, least, 1);
      const text = () => {
        const share = `${Number((100 * probability).toFixed(probability < 0.01 ? 1 : 0))}%`;
        return say("teach_7.entropy_now", { share, loss: loss(probability) });
      };
      plot.draw((pen) => {
        pen.rect(0, 0, 0.5, MOST, "bad", { alpha: 0.07 });
        pen.rect(0.5, 0, 1, MOST, "good", { alpha: 0.07 });
        pen.text(0.25, 0.95 * MOST, say("teach_7.region_wrong"), "bad", { align: "center", isBold: true });
        pen.text(0.75, 0.95 * MOST, say("teach_7.region_right"), "good", { align: "center", isBold: true });
        pen.line(Array.from({ length: 300 }, (_, place) => {
          const p = least + ((1 - least) * place ** 2) / 299 ** 2;
          return [p, loss(p)];
        }), "loss", { width: 3 });
        pen.line([[probability, 0], [probability, loss(probability)]], "loss", { width: 1.5, dash: [3, 4] });
      });
      const show = () => put("7.entropy", text());
      plot.handle({
        label: say("teach_7.entropy_handle"), color: "loss", at: () => [probability, loss(probability)], step: [0.01, 0], text,
        move: (p) => {
          probability = Math.min(1, Math.max(least, p));
          kit.put("7.p", probability);
          show();
        },
        end: () => kit.see("7.entropy"),
      });
      const [sure, unsure, half] = [0.01, 0.4, 0.51].map(loss);
      put("7.entropy-seen", say("teach_7.entropy_seen", { sure_wrong: sure, unsure_wrong: unsure, unsure_right: half }));
      show();
    };

    for (const part of [fit, gap, seller, entropy]) part();
  });
}
