// Step 6: one loop for a line, for two classes and for all of them.
"use strict";
{
  const { numbers, step, rows, tiles } = window.whatsit;
  const PACE = 4; // steps of a classifier between two pictures
  const SHOWN = 12;
  const QUARTER = 0.25;

  step(6, (kit) => {
    const { say, course } = kit, { line } = course;
    const said = (key) => kit.find(`[data-said="${key}"]`), part = (key) => kit.find(`[data-part="${key}"]`);
    const list = (key) => kit.find(`[data-tiles="${key}"]`);
    const settings = (job) => ({ line, pair: course.pair, head: course.head.plain })[job];

    // Everything about a job: what it fits, from where, and what to show of it.
    const made = new Map();
    const jobOf = (name) => {
      if (!made.has(name)) {
        const data = name === "line" ? null : rows(course, name);
        const problem = data ? numbers.head(data.train.features, data.train.labels, data.classes.length) : numbers.line(line.x, line.y);
        const { lr, steps } = settings(name);
        made.set(name, { name, data, problem, start: data ? problem.start : line.start, lr, steps });
      }
      return made.get(name);
    };
    const accuracyOf = ({ problem, data }, a) => problem.accuracy(a, data.valid.features, data.valid.labels);

    const loop = () => {
      const plot = kit.plot("6.loss", { label: "", xName: say("teach_6.step_axis"), yName: say("teach_6.loss"), ratio: 0.72, least: 220 });
      const points = kit.plot("6.line", { label: say("teach_6.line_label"), x: [-1.05, 1.05], y: [-2.5, 6.5], ratio: 0.6 });
      let job, walk, path;
      const here = () => path.at(-1);
      const advance = () => {
        for (let count = 0; count < (job.data ? PACE : 1); count++) {
          const { value, done } = walk.next();
          if (done) return false;
          path.push(value);
        }
        return path.length <= job.steps;
      };
      const draw = () => {
        const { a, loss } = here();
        kit.out("6.parameters", a.length.toLocaleString("en"));
        kit.out("6.step", String(path.length - 1));
        kit.out("6.loss", kit.number(loss, 3));
        kit.out("6.accuracy", job.data ? `${(100 * accuracyOf(job, a)).toFixed(1)}%` : "–");
        plot.draw((pen) => pen.line(path.map((one, place) => [place, one.loss]), "loss", { width: 2.5 }));
        const text = say("teach_6.loop_label", { first: path[0].loss, last: loss, steps: path.length - 1 });
        plot.label(text);
        kit.tell("6.loop", text);
        if (job.data) drawPictures(a);
        else drawLine(a);
      };
      const drawLine = (a) => {
        points.draw((pen) => {
          pen.dots(line.x, line.y, "data");
          pen.line([-1.05, 1.05].map((x) => [x, numbers.lineAt([x], a)[0]]), "line", { width: 3 });
        });
        kit.rich(said("6.line"), say("teach_6.no_pictures", { slope: a[0], intercept: a[1] }));
      };
      const drawPictures = (a) => {
        const { data: { classes, valid } } = job, width = a.length / classes.length;
        if (!part("6.weights").hidden) {
          tiles(list("6.weights"), classes.map((name, place) => ({ weights: a.slice(place * width, (place + 1) * width - 1), text: name })));
        }
        const places = valid.pictures.map((_, place) => place).filter((place) => valid.pictures[place]).slice(0, SHOWN);
        part("6.answers").hidden = !places.length;
        const likely = job.problem.probabilities(a, places.map((place) => valid.features[place]));
        tiles(list("6.answers"), places.map((place, row) => {
          const probability = Math.max(...likely[row]), answer = likely[row].indexOf(probability), right = valid.labels[place];
          const values = { name: classes[answer], probability };
          const text = answer === right ? say("teach_6.answer_is", values) : say("teach_6.answer_wrong", { ...values, right: classes[right] });
          return { ...valid.pictures[place], text, isWrong: answer !== right };
        }));
      };
      const end = () => {
        if (path.length <= job.steps) return;
        if (job.name === "pair") kit.see("6.loop"); // which counts the parameters of this job
      };
      const player = kit.player({ step: advance, draw, every: 40, end });
      const begin = (name) => {
        player.pause();
        job = jobOf(name);
        walk = numbers.walk(job.problem, job.start, job);
        path = [walk.next().value];
        plot.axes({ x: [0, job.steps], y: [0, 1.05 * path[0].loss] });
        kit.find('.code [data-line="2"]').textContent = `    loss = ${job.data ? "cross_entropy" : "mse"}(y_hat, y)`;
        kit.light(".code", 2); // the line that differs
        part("6.line").hidden = Boolean(job.data);
        part("6.pictures").hidden = !job.data;
        part("6.weights").hidden = Boolean(course[name]?.features);
        draw();
      };
      const chosen = kit.choice("6.job", { start: "line", on: (name) => begin(name) });
      path = [];
      job = { steps: Infinity };
      begin(chosen.value);
      kit.on("6.run", () => {
        if (path.length > job.steps) begin(job.name);
        player.play();
      });
    };

    const head = () => {
      const job = jobOf("head"), images = job.data.valid.labels.length, { accuracy } = course.head;
      const [low, high] = numbers.interval(accuracy * images, images), chance = Math.max(accuracy - low, high - accuracy);
      const show = (key, share) => {
        kit.find(`[data-meter="${key}"]`).value = share;
        kit.out(key, say("teach_6.head_bar", { share }));
      };
      let walk = null, a = null;
      const advance = () => {
        for (let count = 0; count < 2 * PACE; count++) {
          const { value, done } = walk.next();
          if (done) return false;
          ({ a } = value);
        }
        return true;
      };
      const end = () => {
        if (!a) return;
        const page = accuracyOf(job, a);
        show("6.whatsit", accuracy);
        if (course.run) show("6.yours", course.run.accuracy);
        const best = Math.abs(page - accuracy) <= chance ? 1 : page > accuracy ? 0 : 2; // of the three choices
        kit.right("6.head", best);
        const values = { page, whatsit: accuracy, images, points: 100 * chance };
        const seen = [say("teach_6.head_seen_page", values), say("teach_6.head_seen_same", values), say("teach_6.head_seen_whatsit", values)];
        kit.rich(said("6.head-seen"), seen[best]);
        kit.see("6.head");
      };
      const player = kit.player({ step: advance, draw: () => show("6.page", accuracyOf(job, a)), every: 40, end });
      kit.on("6.train", () => {
        if (player.isPlaying) return;
        walk = numbers.walk(job.problem, job.start, job);
        player.play();
      });
    };

    const run = () => {
      const toy = { losses: line.path.map((place) => place[2]) }, { train, valid, name } = course.run ?? ofPair();
      const [first, last] = [toy.losses[0], toy.losses.at(-1)], from = name ? 1 : 0; // epochs count from 1, steps from 0
      toy.plot = kit.plot("6.toy", { label: say("teach_6.run_toy_label", { first, last }), x: [0, line.steps], y: [0, 1.05 * first], xName: say("teach_6.step_axis"), ratio: 0.7 });
      const values = { first: train[0], last: train.at(-1), valid_first: valid[0], valid_last: valid.at(-1) };
      const real = kit.plot("6.real", {
        label: say("teach_6.run_real_label", values), x: [from, Math.max(2, train.length - 1 + from)], y: [0, 1.05 * Math.max(...train, ...valid)],
        xName: name ? say("teach_6.run_epoch") : say("teach_6.step_axis"), ratio: 0.7,
      });
      // The loss at a share of the training, between two that were noted; and how far down it has come by then.
      const at = (losses, share) => {
        const place = share * (losses.length - 1), before = Math.floor(place), after = Math.ceil(place);
        return losses[before] + (place - before) * (losses[after] - losses[before]);
      };
      const way = (losses) => (losses[0] - at(losses, QUARTER)) / (losses[0] - losses.at(-1));
      const until = (losses, share, start) => [
        ...losses.slice(0, Math.floor(share * (losses.length - 1)) + 1).map((loss, place) => [place + start, loss]), [share * (losses.length - 1) + start, at(losses, share)],
      ];
      const draw = () => {
        const { value: share } = slider;
        toy.plot.draw((pen) => pen.line(until(toy.losses, share, 0), "train", { width: 2.5 }));
        real.draw((pen) => {
          pen.line(until(valid, share, from), "valid", { width: 2.5, dash: [6, 5] });
          pen.line(until(train, share, from), "train", { width: 2.5 });
        });
        kit.rich(said("6.run"), say("teach_6.run_now", { share, line: at(toy.losses, share), train: at(train, share), valid: at(valid, share) }));
      };
      const show = (share) => {
        draw();
        if (share === 1) kit.see("6.run");
      };
      const slider = kit.slider("6.share", { low: 0, high: 1, start: 0, text: (share) => say("teach_6.run_percent", { share }), on: show });
      const down = way(toy.losses);
      kit.right("6.run", down < 0.375 ? 0 : down < 0.75 ? 1 : 2);
      kit.rich(said("6.run-seen"), say("teach_6.run_seen", { line: down }));
      if (train.at(-1) < train[0]) kit.rich(said("6.run-pictures"), say("teach_6.run_seen_pictures", { pictures: way(train) }));
      draw();
    };
    // The two classes, which are quick, on the validation pictures too.
    const ofPair = () => {
      const { problem, data, start, lr, steps } = jobOf("pair"), path = numbers.descend(problem, start, { lr, steps });
      const valid = numbers.head(data.valid.features, data.valid.labels, data.classes.length);
      return { train: path.map(({ loss }) => loss), valid: path.map(({ a }) => valid.loss(a)) };
    };

    for (const each of [loop, head, run]) each();
  });
}
