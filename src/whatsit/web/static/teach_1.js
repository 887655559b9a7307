// Step 1: a digit as numbers, tensors by their rank, floats, and from probabilities to an error rate.
"use strict";
whatsit.step(1, (kit) => {
  const { say, number, course, see, find, make } = kit;
  const { SIDE, DARKEST, shade, gray, picture } = whatsit.digits;
  const { pixels, labels } = course.digits;
  const ink = (value) => (shade(value) > 127 ? "#000" : "#fff"); // to be read on it
  // How far each digit is from the mean of its kind.
  const strangeness = (() => {
    const middles = [...new Set(labels)].reduce((found, label) => {
      const mine = pixels.filter((_, place) => labels[place] === label);
      return { ...found, [label]: pixels[0].map((_, pixel) => whatsit.numbers.mean(mine.map((one) => one[pixel]))) };
    }, {});
    return pixels.map((one, place) => whatsit.numbers.mse(one, middles[labels[place]]));
  })();
  // An eight with two open loops and a firm crossing.
  const openness = (one) => one[35] + one[36] - one[19] - one[52];
  const eights = pixels.filter((_, place) => labels[place] === 8);
  const eight = eights.reduce((best, one) => (openness(one) > openness(best) ? one : best), eights[0] ?? pixels[0]);

  const grid = () => {
    const host = find("[data-pixels]"), status = find("[data-pixel-says]");
    let digit = pixels.indexOf(eight), values = [...eight], here = 0, brush = null;
    find("[data-glimpse]").append(picture(values));
    const cells = values.map((_, place) => {
      const cell = make("button", "", host);
      cell.type = "button";
      cell.tabIndex = place ? -1 : 0;
      return cell;
    });
    const said = (place) => say("teach_1.pixel", { row: 1 + Math.floor(place / SIDE), column: 1 + (place % SIDE), value: values[place] });
    const show = (place) => {
      const cell = cells[place], value = values[place];
      cell.textContent = value;
      cell.style.backgroundColor = gray(value);
      cell.style.color = ink(value);
      cell.setAttribute("aria-label", said(place));
    };
    const point = (place) => {
      cells[here].tabIndex = -1;
      here = place;
      cells[here].tabIndex = 0;
      status.textContent = said(place);
    };
    const paint = (place, value) => {
      values[place] = value;
      show(place);
      point(place);
      see("grid");
    };
    const placeOf = (event) => cells.indexOf(document.elementFromPoint(event.clientX, event.clientY));
    host.addEventListener("pointerdown", (event) => {
      const place = placeOf(event);
      if (place < 0) return;
      brush = values[place] > DARKEST / 2 ? 0 : DARKEST;
      paint(place, brush);
    });
    host.addEventListener("pointermove", (event) => {
      const place = placeOf(event);
      if (place >= 0 && place !== here && brush === null) point(place);
      if (place >= 0 && brush !== null && values[place] !== brush) paint(place, brush);
    });
    window.addEventListener("pointerup", () => { brush = null; });
    window.addEventListener("pointercancel", () => { brush = null; });
    host.addEventListener("click", (event) => { if (event.detail === 0) paint(here, values[here] > DARKEST / 2 ? 0 : DARKEST); }); // by a key
    host.addEventListener("keydown", (event) => {
      const goal = here + ({ ArrowRight: 1, ArrowLeft: -1, ArrowDown: SIDE, ArrowUp: -SIDE }[event.key] ?? NaN);
      if (Number.isNaN(goal)) return;
      event.preventDefault();
      if (goal < 0 || goal >= cells.length) return;
      point(goal);
      cells[goal].focus();
    });
    const view = kit.choice("view", { start: "both", on: (kind) => {
      host.dataset.view = kind;
      see("grid");
    } });
    host.dataset.view = view.value;
    kit.on("other-digit", () => {
      digit = (digit + 1) % pixels.length;
      values = [...pixels[digit]];
      cells.forEach((_, place) => show(place));
    });
    cells.forEach((_, place) => show(place));
  };

  // A small bear of 12 x 12 pixels, for readers who brought no photos.
  const BEAR = ["............", ".bb......bb.", "bkkb....bkkb", "bkbbbbbbbbkb", ".bbbbbbbbbb.", "bbkbbbbbbkbb", "bbbbbbbbbbbb", "bbbbcccccbbb", "bbbcckkccbbb", ".bbcccccccb.", "..bbccccbb..", "...bbbbbb..."];
  const COLORS = { ".": [118, 176, 214], b: [158, 98, 52], k: [44, 28, 20], c: [236, 204, 160] };
  const drawnBear = (turn) => {
    const side = BEAR.length, canvas = document.createElement("canvas");
    const context = canvas.getContext("2d"), image = context.createImageData(side, side);
    canvas.width = canvas.height = side;
    BEAR.forEach((row, down) => [...row].forEach((kind, across) => {
      const [red, green, blue] = COLORS[kind], color = [[red, green, blue], [green, blue, red], [blue, red, green], [red, blue, green]][kind === "." ? turn % 4 : 0];
      image.data.set([...color.map((one) => Math.min(255, one + 6 * (turn % 7))), 255], 4 * (down * side + across));
    }));
    context.putImageData(image, 0, 0);
    return canvas;
  };
  const rank = () => {
    const status = find("[data-rank-says]"), [ndim, shape] = kit.all("[data-beat=rank] [data-line]");
    const drawn = Array.from({ length: 8 }, (_, turn) => drawnBear(turn));
    const plot = kit.plot("rank", { label: "", isBare: true, ratio: 0.62, least: 220, most: 340 });
    const photos = (course.photos ?? []).slice(0, 64).map(({ src }) => {
      const image = new Image();
      image.addEventListener("load", () => plot.refresh());
      image.src = src;
      return image;
    });
    const photo = (place) => {
      const image = photos[place % photos.length];
      return image?.complete && image.naturalWidth ? image : drawn[(place * 5) % drawn.length];
    };
    let spread = 1;
    const cover = (context, image, left, top, side) => {
      const wide = image.naturalWidth ?? image.width, high = image.naturalHeight ?? image.height, cut = Math.min(wide, high);
      context.drawImage(image, (wide - cut) / 2, (high - cut) / 2, cut, cut, left, top, side, side);
    };
    const cells = (pen, rows, columns, side, left, top, value) => {
      const { context } = pen;
      for (let place = 0; place < rows * columns; place++) {
        const x = left + side * (place % columns), y = top + side * Math.floor(place / columns);
        context.fillStyle = gray(value(place));
        context.fillRect(x, y, side - 1, side - 1);
        context.fillStyle = ink(value(place));
        context.font = `${Math.round(side * 0.42)}px monospace`;
        context.textAlign = "center";
        context.textBaseline = "middle";
        context.fillText(String(value(place)), x + side / 2, y + side / 2);
      }
    };
    // One color of a photo alone, on black.
    const layer = (image, color) => {
      const canvas = document.createElement("canvas"), context = canvas.getContext("2d"), side = image.naturalWidth ? 160 : image.width;
      canvas.width = canvas.height = side;
      cover(context, image, 0, 0, side);
      context.globalCompositeOperation = "multiply";
      context.fillStyle = color;
      context.fillRect(0, 0, side, side);
      return canvas;
    };
    const drawings = [
      (pen, w, h) => cells(pen, 1, 1, 64, w / 2 - 32, h / 2 - 32, () => 12),
      (pen, w, h) => {
        const side = Math.min(52, (w - 10) / SIDE);
        cells(pen, 1, SIDE, side, (w - side * SIDE) / 2, (h - side) / 2, (place) => eight[place + 3 * SIDE]);
      },
      (pen, w, h) => {
        const side = Math.min((h - 12) / SIDE, (w - 10) / SIDE);
        cells(pen, SIDE, SIDE, side, (w - side * SIDE) / 2, (h - side * SIDE) / 2, (place) => eight[place]);
      },
      (pen, w, h) => {
        const { context } = pen, image = photo(0), side = Math.min(h * 0.62, w * 0.42);
        const gap = spread * Math.min(side * 0.55, (w - side - 20) / 2), drop = spread * (h - side - 20) * 0.42;
        ["#00f", "#0f0", "#f00"].forEach((color, place) => {
          const left = (w - side) / 2 + (1 - place) * gap, top = (h - side) / 2 - (1 - place) * drop;
          context.imageSmoothingEnabled = Boolean(image.naturalWidth);
          context.drawImage(spread < 0.02 ? image : layer(image, color), left, top, side, side);
          context.strokeStyle = pen.plot.color("page");
          context.lineWidth = 2;
          context.strokeRect(left, top, side, side);
        });
      },
      (pen, w, h) => {
        const side = Math.min((h - 8) / 8, (w - 8) / 8);
        pen.context.imageSmoothingEnabled = true;
        const [left, top] = [(w - 8 * side) / 2 + 1, (h - 8 * side) / 2 + 1];
        for (let place = 0; place < 64; place++) cover(pen.context, photo(place), left + side * (place % 8), top + side * Math.floor(place / 8), side - 2);
      },
    ];
    const SHAPES = ["[]", "[8]", "[8, 8]", "[480, 640, 3]", "[64, 480, 640, 3]"];
    const player = kit.player({
      every: 30,
      step: () => {
        spread = Math.min(1, spread + 0.06);
        return spread < 1;
      },
      draw: () => plot.refresh(),
    });
    const show = (kind) => {
      const place = Number(kind);
      const text = [say("teach_1.rank_0"), say("teach_1.rank_1"), say("teach_1.rank_2"), say("teach_1.rank_3"), say("teach_1.rank_4")][place];
      status.textContent = text;
      ndim.textContent = `x.ndim   # ${place}`;
      shape.textContent = `x.shape  # torch.Size(${SHAPES[place]})`;
      plot.label(say("teach_1.rank_plot", { text }));
      plot.draw((pen) => drawings[place](pen, plot.width, plot.height));
    };
    const chosen = kit.choice("rank", { start: "2", on: (kind) => {
      show(kind);
      if (kind === "3") {
        spread = 0;
        player.play();
      }
      if (Number(kind) >= 3) see("rank");
    } });
    show(chosen.value);
  };

  const jagged = () => {
    const host = find("[data-shapes]"), found = new Set();
    const shapes = [
      [say("teach_1.shape_matrix"), [[3, 3, 3, 3]], 2],
      [say("teach_1.shape_jagged"), [[2, 3, 1]], null, say("teach_1.is_jagged")],
      [say("teach_1.shape_vector"), [[4]], 1],
      [say("teach_1.shape_block"), [[6, 6, 6, 6], [6, 6, 6, 6], [6, 6, 6, 6]], 3],
      [say("teach_1.shape_photos"), [[5, 5, 5, 5, 5], [3, 3, 3]], null, say("teach_1.is_photos")],
      [say("teach_1.shape_number"), [[1]], 0],
    ];
    shapes.forEach(([name, tables, rankOf, why], place) => {
      const card = make("button", "shape", host), drawing = make("span", "tables", card);
      card.type = "button";
      card.setAttribute("aria-pressed", "false");
      for (const table of tables) {
        const box = make("span", "table", drawing);
        for (const long of table) {
          const row = make("span", "row", box);
          for (let count = 0; count < long; count++) make("i", "", row);
        }
      }
      make("b", "", card, name);
      const answer = make("span", "answer", card);
      card.addEventListener("click", () => {
        card.setAttribute("aria-pressed", "true");
        answer.className = `answer ${rankOf === null ? "good" : "other"}`;
        answer.textContent = rankOf === null ? why : say("teach_1.is_tensor", { rank: rankOf });
        if (rankOf === null) found.add(place);
        if (found.size === 2) see("jagged");
      });
    });
  };

  const floats = () => {
    const input = find("[data-float]"), said = find("[data-float-says]"), news = find("[data-float-news]");
    const plot = kit.plot("float", { label: "", x: [-4.4, 4.4], y: [-1, 1], isBare: true, ratio: 0.2, least: 90, most: 120 });
    const FAR = 3, END = 4;
    let at = -1, start = -1, isFloat = true, isGood = true;
    plot.draw((pen) => {
      pen.line([[-4.2, 0], [4.2, 0]], "edge", { width: 2 });
      for (let tick = -END; tick <= END; tick++) {
        pen.line([[tick, -0.15], [tick, 0.15]], "edge", { width: 2 });
        pen.text(tick, -0.55, number(tick, 0), "soft", { align: "center" });
      }
      if (!isGood) return;
      if (isFloat && at !== start) pen.arrow(start, 0.45, at, 0.45, "path");
      pen.dots([at], [0], isFloat ? "line" : "bad", { radius: 10, alpha: 1 });
    });
    const show = () => {
      const parts = input.value.split(/[,，]/).map((one) => one.trim().replace("−", "-")), areNumbers = parts.every((one) => /^[+-]?(\d+\.?\d*|\.\d+)$/.test(one));
      isGood = areNumbers && Math.abs(Number(parts[0])) <= FAR; // on the number line
      input.setAttribute("aria-invalid", !isGood);
      news.textContent = isGood ? "" : areNumbers ? say("teach_1.float_far", { far: FAR }) : say("teach_1.float_bad");
      if (!isGood) {
        said.textContent = "";
        plot.label(news.textContent);
        plot.refresh();
        return;
      }
      isFloat = parts.some((one) => one.includes("."));
      const written = parts.map((one) => (isFloat ? `${Number(one)}${Number.isInteger(Number(one)) ? "." : ""}` : String(Number(one))));
      const [dtype, answer] = isFloat ? ["float32", "OK"] : ["int64", "RuntimeError: only Tensors of floating point dtype"];
      said.textContent = `tensor([${written.join(", ")}])\n.dtype  # torch.${dtype}\n.requires_grad_()  # ${answer}`;
      at = start = Number(parts[0]);
      plot.label(say("teach_1.float_plot", { value: at }));
      plot.refresh();
    };
    const text = (value) => number(value, isFloat ? 1 : 0);
    kit.on("float-step", () => {
      if (!isGood) return;
      const before = at - 1 < -END ? start : at; // once more, from what is written
      if (isFloat) at = before - 1;
      news.textContent = isFloat ? say("teach_1.float_went", { before: text(before), after: text(at) }) : say("teach_1.float_stuck", { before: text(before) });
      plot.label(say("teach_1.float_plot", { value: at }));
      plot.refresh();
      see("float");
    });
    const begin = () => {
      input.value = "-1., 1";
      show();
    };
    input.addEventListener("input", show);
    kit.on("float-again", begin);
    begin();
  };

  const LIKE = [[6, 8], [4, 7], [3, 7], [5, 8], [7, 9], [3, 9], [0, 5], [1, 9], [3, 9], [4, 5]];
  const answers = () => {
    const host = find("[data-five]"), chain = find("[data-chain]"), COUNT = 5;
    // Five pictures of different digits, those that look least like their kind.
    const strange = labels.map((_, place) => place).sort((one, other) => strangeness[other] - strangeness[one]);
    const chosen = [];
    for (const place of strange) if (chosen.length < COUNT && !chosen.some((one) => labels[one] === labels[place])) chosen.push(place);
    const cards = chosen.map((place, which) => {
      const target = labels[place], classes = [target, ...LIKE[target]].sort((one, other) => one - other);
      const card = make("div", "digit", host), frame = make("div", "frame", card), fields = make("fieldset", "choice", card);
      const legend = make("legend", "visually-hidden", fields, `${say("teach_1.digit", { number: which + 1 })}: ${say("teach_1.is_it")}`);
      const canvas = picture(pixels[place]), state = { classes, target, answer: null, sure: 0.8, legend };
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", say("teach_1.digit_alt"));
      frame.append(canvas);
      for (const one of classes) {
        const label = make("label", "", fields), radio = make("input", "", label);
        Object.assign(radio, { type: "radio", name: `digit-${which}`, value: one });
        make("span", "", label, one);
        radio.addEventListener("change", () => {
          state.answer = one;
          show();
        });
      }
      const slider = make("label", "slider", card), name = make("span", "", slider, say("teach_1.sure"));
      const range = make("input", "", slider), shown = make("b", "value", slider);
      shown.setAttribute("aria-hidden", "true"); // the slider has it, too
      Object.assign(range, { type: "range", min: 34, max: 100, value: 80 });
      range.addEventListener("input", () => {
        state.sure = Number(range.value) / 100;
        show();
      });
      const verdict = make("p", "", card);
      verdict.setAttribute("role", "status");
      return Object.assign(state, { name, shown, verdict });
    });
    const shares = ({ classes, answer, sure }) => classes.map((one) => (one === answer ? sure : (1 - sure) / 2));
    const show = () => {
      const done = cards.filter(({ answer }) => answer !== null), lines = [];
      for (const card of cards) {
        card.shown.textContent = `${Math.round(100 * card.sure)}%`;
        if (card.answer === null) continue;
        const isRight = card.answer === card.target;
        card.verdict.className = isRight ? "good" : "other";
        card.verdict.textContent = isRight ? say("teach_1.right") : say("teach_1.wrong", { label: card.target });
      }
      const list = (values) => `[${values.join(", ")}]`, argmax = done.map((card) => shares(card).indexOf(Math.max(...shares(card))));
      const found = done.map((card, place) => card.classes[argmax[place]]);
      const hits = done.map((card, place) => Number(found[place] === card.target));
      const last = done.at(-1), mean = hits.length ? whatsit.numbers.mean(hits) : NaN;
      const text = (value) => (Number.isFinite(value) ? String(Number(value.toFixed(2))) : "–");
      const ofLast = last?.classes.map((one, place) => `${one}: ${shares(last)[place].toFixed(2)}`).join("  ");
      lines.push(last ? `probs[${cards.indexOf(last)}]         # ${ofLast}` : "probs");
      lines.push(`.argmax(dim=-1)  # ${list(found)}`, `== labels        # ${list(done.map(({ target }) => target))}`, `.float()         # ${list(hits)}`);
      lines.push(`.mean()          # accuracy    ${text(mean)}`, `1 - accuracy     # error_rate  ${text(1 - mean)}`);
      kit.tell("answer", `accuracy ${text(mean)}, error_rate ${text(1 - mean)}`);
      if (done.length < COUNT) lines.push(say("teach_1.not_yet", { count: COUNT - done.length }));
      else see("answer");
      chain.textContent = lines.join("\n");
    };
    show();
  };

  for (const part of [grid, rank, jagged, floats, answers]) part();
});
