// Step 2: a line with two knobs, its six forms, the matrix product at work, and how fast it is.
"use strict";
whatsit.step(2, (kit) => {
  const { say, number, course, see, find } = kit;

  const knobs = () => {
    const plot = kit.plot("line", { label: "", x: [-2, 2], y: [-5, 5], xName: say("teach_2.x_name"), yName: say("teach_2.y_name"), ratio: 0.66 }), moved = new Set();
    const knob = (key, start) => kit.slider(key, {
      low: -3, high: 3, start, step: 0.1, text: (value) => number(value, 1),
      on: () => {
        moved.add(key);
        if (moved.size === 2) see("line");
        show();
      },
    });
    const a = knob("line-a", 1.5), b = knob("line-b", 0.5);
    plot.draw((pen) => {
      const at = (x) => a.value * x + b.value;
      pen.line([[-2, 0], [2, 0]], "edge", { width: 1 });
      pen.line([[0, -5], [0, 5]], "edge", { width: 1 });
      pen.line([[-2, at(-2)], [2, at(2)]], "line", { width: 3.5 });
      pen.line([[0, at(0)], [1, at(0)], [1, at(1)]], "slope", { width: 2.5 });
      pen.text(0.5, at(0), "1", "slope", { dy: a.value < 0 ? -11 : 12, align: "center" });
      pen.text(1, (at(0) + at(1)) / 2, `a = ${number(a.value, 1)}`, "slope", { dx: 9, isBold: true });
      pen.dots([0], [b.value], "line", { radius: 7, alpha: 1 });
      pen.text(0, b.value, `b = ${number(b.value, 1)}`, "line", { dx: -12, dy: -14, align: "right", isBold: true });
    });
    const show = () => {
      const sign = b.value < 0 ? "−" : "+";
      kit.rich(find("[data-equation]"), `y = *line:${number(a.value, 1)}* x ${sign} *line:${number(Math.abs(b.value), 1)}*`);
      const words = say("teach_2.line_plot", { a: a.value, b: b.value });
      plot.label(words);
      kit.tell("line", words);
      plot.refresh();
    };
    show();
  };

  const forms = () => {
    const items = kit.all(".forms li");
    let here = 0;
    const show = () => items.forEach((item, place) => {
      item.hidden = place > here;
      item.classList.toggle("now", place === here);
    });
    kit.on("rename-next", () => {
      here = Math.min(items.length - 1, here + 1);
      show();
      if (here === items.length - 1) see("rename");
    });
    kit.on("rename-again", () => {
      here = 0;
      show();
    });
    show();
  };

  // The two numbers of `a` fly to a row, are multiplied there, and what they give flies on to the result.
  const product = () => {
    const host = find("[data-product]"), sum = find("[data-sum]");
    const x = [[0.5, 1], [-1, 1], [0.8, 1], [-0.2, 1], [0, 1]], a = [3, 2];
    const LARGE = 1e6; // from which on a number takes less room as 1e6
    const inCell = (value) => {
      const near = Number(value.toPrecision(Math.abs(value) < LARGE ? 15 : 3)), text = Math.abs(near) < LARGE ? String(Number(near.toFixed(6))) : near.toExponential().replace("e+", "e");
      return Number.isFinite(value) ? text.replace(/^-/, "−") : number(value);
    };
    const asFloat = (value) => (/[.e]/.test(String(value)) ? String(value) : `${value}.`);
    const code = find("[data-beat=product] [data-line='1']");
    let done = 0, turn = 0;
    const grid = (name, columns) => {
      const box = kit.make("div", "matrix-box", host);
      kit.make("b", "", box, name);
      return kit.make("div", `cells columns-${columns}`, box);
    };
    const field = (box, label, value, write) => {
      const input = kit.make("input", "", box);
      Object.assign(input, { type: "text", inputMode: "decimal", autocomplete: "off", value: inCell(value) });
      input.setAttribute("aria-label", label);
      input.addEventListener("input", () => {
        const given = Number(input.value.replace("−", "-").replace(",", ".")), isBad = !input.value.trim() || !Number.isFinite(given);
        input.setAttribute("aria-invalid", isBad);
        if (isBad) sum.textContent = input.value.trim() ? say("teach_2.product_bad", { text: input.value }) : "";
        else {
          write(given);
          show();
        }
      });
      return input;
    };
    const left = grid("x", 2);
    const rows = x.map((row, place) => row.map((value, column) => field(left, say("teach_2.product_cell", { row: place + 1, column: column + 1 }), value, (given) => { row[column] = given; })));
    kit.make("span", "operator", host, "@");
    const middle = grid("a", 1), numbers = a.map((value, place) => field(middle, say("teach_2.product_a", { row: place + 1 }), value, (given) => { a[place] = given; }));
    for (const input of numbers) input.classList.add("c-line");
    kit.make("span", "operator", host, "=");
    const right = grid("y", 1), results = x.map(() => kit.make("span", "result", right, "?"));
    const answer = (row) => row[0] * a[0] + row[1] * a[1];
    const words = (place) => say("teach_2.product_sum", { row: place + 1, x1: inCell(x[place][0]), a1: inCell(a[0]), x2: inCell(x[place][1]), a2: inCell(a[1]), y: inCell(answer(x[place])) });
    const show = () => {
      results.forEach((one, place) => {
        one.textContent = place < done ? inCell(answer(x[place])) : "?";
        one.classList.toggle("known", place < done);
      });
      rows.forEach((row, place) => row.forEach((input) => input.classList.toggle("lit", place === done - 1)));
      results.forEach((one, place) => one.classList.toggle("lit", place === done - 1));
      sum.textContent = done ? words(done - 1) : "";
      code.textContent = `a = tensor([${a.map(asFloat).join(", ")}])`;
      if (done === x.length) see("product");
    };
    const fly = async (text, from, to, className, milliseconds) => {
      const frame = host.getBoundingClientRect(), [start, end] = [from, to].map((one) => one.getBoundingClientRect());
      const chip = kit.make("span", `chip ${className}`, host, text);
      chip.setAttribute("aria-hidden", "true");
      const at = (box) => `translate(${box.left - frame.left + box.width / 2}px, ${box.top - frame.top + box.height / 2}px) translate(-50%, -50%)`;
      await chip.animate([{ transform: at(start), opacity: 0.2 }, { opacity: 1, offset: 0.2 }, { transform: at(end), opacity: 1 }], { duration: milliseconds, easing: "ease-in-out", fill: "forwards" }).finished;
      return chip;
    };
    const next = async (quick) => {
      if (done >= x.length) return;
      const place = done, mine = (turn += 1), row = rows[place];
      if (!kit.isStill) {
        const time = quick ? 320 : 650;
        for (const input of row) input.classList.add("lit");
        const chips = await Promise.all(row.map((input, column) => fly(`× ${inCell(a[column])}`, numbers[column], input, "c-line", time)));
        chips.forEach((chip, column) => { chip.textContent = `${inCell(x[place][column])} × ${inCell(a[column])}`; });
        await Promise.all(chips.map((chip) => chip.animate([], { duration: time }).finished)); // long enough to be read
        for (const chip of chips.splice(0)) chip.remove();
        if (mine === turn) chips.push(...(await Promise.all(row.map((input, column) => fly(inCell(x[place][column] * a[column]), input, results[place], "c-path", time)))));
        for (const chip of chips) chip.remove();
        if (mine !== turn) return;
      }
      done = place + 1;
      show();
    };
    kit.on("product-next", () => {
      if (done >= x.length) done = 0;
      show();
      next();
    });
    kit.on("product-play", async () => {
      if (done >= x.length) done = 0;
      show();
      for (let before = -1; done > before && done < x.length;) {
        before = done;
        await next(true);
      }
    });
    kit.on("product-again", () => {
      turn += 1;
      done = 0;
      show();
    });
    show();
  };

  const speed = () => {
    const host = find("[data-times]"), { timing } = course;
    const bars = (title, rows) => {
      const longest = Math.max(...rows.map(([, seconds]) => seconds)), list = document.createElement("div"), said = document.createElement("p");
      said.textContent = title;
      list.append(said);
      for (const [name, seconds, idea] of rows) {
        const row = document.createElement("div"), label = document.createElement("span"), track = document.createElement("span"), bar = document.createElement("i"), value = document.createElement("b");
        row.className = `time c-${idea}`;
        kit.rich(label, name);
        bar.style.width = `${Math.max(0.4, (100 * seconds) / longest)}%`;
        track.append(bar);
        value.textContent = say("teach_2.milliseconds", { milliseconds: 1000 * seconds });
        row.append(label, track, value);
        list.append(row);
      }
      return list;
    };
    kit.on("race", () => {
      const words = say("teach_2.times_python", { rows: timing.rows, times: timing.loop / timing.matrix });
      host.replaceChildren(bars(words, [[say("teach_2.python_loop"), timing.loop, "loss"], [say("teach_2.python_product"), timing.matrix, "path"]]));
      see("speed");
    });
    kit.right("speed", timing.loop > 20 * timing.matrix ? 2 : timing.loop > 1.5 * timing.matrix ? 1 : 0);
  };

  for (const part of [knobs, forms, product, speed]) part();
});
