// whatsit.plot(host, { label, x: [low, high], y: [low, high], xName, yName, xLog, yLog, ratio, isBare }): a drawing in a canvas.
//   plot.draw((pen) => { pen.dots(xs, ys, "data"); pen.line([[x, y], ...], "line"); ... })   painted again when it must be
//   plot.axes({ x, y }), plot.label("what a screen reader says"), plot.across(x), plot.up(y), plot.at(event) -> [x, y]
//   plot.handle({ label, color, at: () => [x, y], move: (x, y) => ..., step: [dx, dy], text: () => "..." , end })
// A handle is dragged, and moved with arrow keys: a slider for a screen reader. Colors are the course's ideas
// (data, line, loss, slope, path, train, valid) or tokens of the design.
"use strict";
{
  const whatsit = (window.whatsit ??= {});
  const IDEAS = new Set(["data", "line", "loss", "slope", "path", "train", "valid"]);
  const SPRITES = 400; // dots from which on a dot is a copied picture

  const powers = (low, high) => {
    const ticks = [], from = Math.ceil(Math.log10(low) - 1e-9), to = Math.floor(Math.log10(high) + 1e-9), each = Math.ceil((to - from + 1) / 6);
    for (let power = from; power <= to; power += each) ticks.push([10 ** power, Math.abs(power) > 4 ? whatsit.ofAnySize(10 ** power).replace("1 × ", "") : String(Number((10 ** power).toPrecision(3)))]);
    return ticks;
  };
  const minus = (text) => text.replace("-", "−");

  whatsit.plot = (host, options) => {
    const state = { x: [0, 1], y: [0, 1], ratio: 0.62, ...options };
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", state.label);
    host.append(canvas);
    const handles = [];
    let width = 0, height = 0, painter = () => {}, asked = false, colors = new Map(), box = { left: 0, right: 0, top: 0, bottom: 0 };

    const share = (value, [low, high], isLog) => (isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
    const across = (x) => box.left + share(x, state.x, state.xLog) * (box.right - box.left);
    const up = (y) => box.bottom - share(y, state.y, state.yLog) * (box.bottom - box.top);
    const back = (part, [low, high], isLog) => (isLog ? low * (high / low) ** part : low + part * (high - low));
    const at = (event) => {
      const { left, top } = canvas.getBoundingClientRect();
      return [
        back((event.clientX - left - box.left) / (box.right - box.left), state.x, state.xLog),
        back((box.bottom - (event.clientY - top)) / (box.bottom - box.top), state.y, state.yLog),
      ];
    };
    const color = (name) => {
      if (!colors.has(name)) colors.set(name, getComputedStyle(host).getPropertyValue(IDEAS.has(name) ? `--c-${name}` : `--${name}`).trim() || name);
      return colors.get(name);
    };
    const font = (size, isBold) => `${isBold ? "600 " : ""}${size}px ${getComputedStyle(host).fontFamily}`;
    const styled = ({ width: thick = 2, dash = [], alpha = 1 }, name, draw) => {
      context.save();
      Object.assign(context, { lineWidth: thick, globalAlpha: alpha, strokeStyle: color(name), fillStyle: color(name), lineJoin: "round", lineCap: "round" });
      context.setLineDash(dash);
      context.beginPath();
      draw();
      context.restore();
    };

    // Many dots are drawn once, as copies of a picture of one, and that layer again in every frame until something changes.
    const layers = new WeakMap();
    const layer = (xs, ys, name, radius, alpha) => {
      const scale = canvas.width / width, key = [canvas.width, canvas.height, ...state.x, ...state.y, color(name), radius, alpha].join(), known = layers.get(xs);
      if (known?.key === key && known.ys === ys) return known.picture;
      const [picture, sprite] = [document.createElement("canvas"), document.createElement("canvas")], side = 2 * radius + 2;
      [picture.width, picture.height] = [canvas.width, canvas.height];
      sprite.width = sprite.height = Math.ceil(side * scale);
      const [large, small] = [picture, sprite].map((one) => one.getContext("2d"));
      for (const one of [large, small]) one.scale(scale, scale);
      small.fillStyle = color(name);
      small.arc(side / 2, side / 2, radius, 0, 2 * Math.PI);
      small.fill();
      large.globalAlpha = alpha;
      for (let place = 0; place < xs.length; place++) large.drawImage(sprite, across(xs[place]) - side / 2, up(ys[place]) - side / 2, side, side);
      layers.set(xs, { key, ys, picture });
      return picture;
    };

    const pen = {
      context,
      plot: null,
      dots: (xs, ys, name, { radius = 4, alpha = 0.75, isHollow = false } = {}) => {
        if (xs.length > SPRITES) {
          context.drawImage(layer(xs, ys, name, radius, alpha), 0, 0, width, height);
          return;
        }
        styled({ alpha, width: 1.5 }, name, () => {
          for (let place = 0; place < xs.length; place++) {
            const left = across(xs[place]), top = up(ys[place]);
            if (!Number.isFinite(left + top)) continue;
            context.moveTo(left + radius, top);
            context.arc(left, top, radius, 0, 2 * Math.PI);
          }
          if (isHollow) context.stroke();
          else context.fill();
        });
      },
      line: (points, name, style = {}) => styled(style, name, () => {
        let isDown = false;
        for (const [x, y] of points) {
          const left = across(x), top = up(y);
          if (!Number.isFinite(left + top)) {
            isDown = false;
            continue;
          }
          // A canvas does not draw what lies too far outside.
          const near = Math.max(-1e4, Math.min(1e4, top));
          if (isDown) context.lineTo(left, near);
          else context.moveTo(left, near);
          isDown = true;
        }
        context.stroke();
      }),
      curve: (of, name, style = {}) => {
        const points = [], [low, high] = state.x;
        for (let part = 0; part <= 120; part++) {
          const x = back(part / 120, [low, high], state.xLog);
          points.push([x, of(x)]);
        }
        pen.line(points, name, style);
      },
      rect: (x0, y0, x1, y1, name, { alpha = 0.14 } = {}) => styled({ alpha }, name, () => {
        context.rect(across(x0), up(y0), across(x1) - across(x0), up(y1) - up(y0));
        context.fill();
      }),
      // In pixels from a point, not in units of the axes: always a square.
      // `side` < 0: to the left of the point.
      square: (x, y, side, name, alpha = 0.14) => styled({ alpha }, name, () => {
        context.rect(across(x), up(y), side, Math.abs(side));
        context.fill();
      }),
      arrow: (x0, y0, x1, y1, name, style = {}) => styled({ width: 2.5, ...style }, name, () => {
        const [from, to] = [[across(x0), up(y0)], [across(x1), up(y1)]], long = Math.hypot(to[0] - from[0], to[1] - from[1]);
        if (!(long > 0.5)) return;
        const turn = Math.atan2(to[1] - from[1], to[0] - from[0]), head = Math.min(9, long);
        context.moveTo(...from);
        context.lineTo(...to);
        for (const side of [-0.45, 0.45]) {
          context.moveTo(...to);
          context.lineTo(to[0] - head * Math.cos(turn + side), to[1] - head * Math.sin(turn + side));
        }
        context.stroke();
      }),
      // dx, dy: pixels from the point. Text keeps a rim of the page's color, to be read on anything, and stays in the picture.
      text: (x, y, words, name = "ink", { dx = 0, dy = 0, align = "left", size = 13, isBold = false } = {}) => {
        context.save();
        Object.assign(context, { font: font(size, isBold), fillStyle: color(name), strokeStyle: color("figure"), lineWidth: 4, lineJoin: "round", textAlign: align, textBaseline: "middle" });
        const wide = context.measureText(words).width, before = { left: 0, center: wide / 2, right: wide }[align];
        const left = Math.max(box.left + before, Math.min(box.right + 4 - wide + before, across(x) + dx));
        context.strokeText(words, left, up(y) + dy);
        context.fillText(words, left, up(y) + dy);
        context.restore();
      },
    };

    const ticksOf = (range, isLog, room) => {
      if (isLog) return powers(...range);
      const ticks = whatsit.numberAxis("", ...range).ticks;
      return ticks.length > room ? ticks.filter((_, place) => place % 2 === 0) : ticks;
    };
    const axes = () => {
      const xTicks = ticksOf(state.x, state.xLog, width / 60), yTicks = ticksOf(state.y, state.yLog, height / 34);
      context.font = font(12);
      const wide = Math.max(...yTicks.map(([, text]) => context.measureText(text).width), 12);
      box = { left: wide + 14, right: width - 12, top: state.yName ? 26 : 10, bottom: height - (state.xName ? 40 : 24) };
      context.lineWidth = 1;
      context.strokeStyle = color("line-soft");
      context.fillStyle = color("soft");
      context.textBaseline = "middle";
      context.textAlign = "right";
      for (const [value, text] of yTicks) {
        const top = Math.round(up(value)) + 0.5;
        context.beginPath();
        context.moveTo(box.left, top);
        context.lineTo(box.right, top);
        context.stroke();
        context.fillText(minus(text), box.left - 7, top);
      }
      context.textAlign = "center";
      for (const [value, text] of xTicks) context.fillText(minus(text), Math.min(across(value), width - context.measureText(text).width / 2 - 1), box.bottom + 14);
      context.strokeStyle = color("edge");
      context.beginPath();
      context.moveTo(box.left, box.bottom + 0.5);
      context.lineTo(box.right, box.bottom + 0.5);
      context.stroke();
      context.font = font(12.5, true);
      if (state.xName) context.fillText(state.xName, (box.left + box.right) / 2, height - 9);
      context.textAlign = "left";
      if (state.yName) context.fillText(state.yName, 2, 10);
    };
    const paint = () => {
      asked = false;
      if (!width) return;
      const scale = devicePixelRatio || 1;
      if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
        canvas.width = Math.round(width * scale);
        canvas.height = Math.round(height * scale);
      }
      colors = new Map();
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, width, height);
      if (state.isBare) box = { left: 0, right: width, top: 0, bottom: height };
      else axes();
      context.save();
      context.beginPath();
      context.rect(box.left - 6, box.top - 6, box.right - box.left + 12, box.bottom - box.top + 12);
      context.clip();
      painter(pen);
      context.restore();
      for (const one of handles) one.put();
    };
    const refresh = () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(paint);
    };
    new ResizeObserver(() => {
      if (!host.clientWidth) return;
      width = host.clientWidth;
      height = Math.round(Math.min(state.most ?? 440, Math.max(state.least ?? 170, width * state.ratio)));
      canvas.style.height = `${height}px`;
      refresh();
    }).observe(host);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);

    const handle = ({ label, color: name, at: where, move, step: [dx, dy], text = () => "", end = () => {} }) => {
      const grip = document.createElement("div");
      grip.className = `handle c-${name}`;
      grip.tabIndex = 0;
      for (const [key, value] of Object.entries({ role: "slider", "aria-label": label, "aria-orientation": dy ? "vertical" : "horizontal" })) grip.setAttribute(key, value);
      host.append(grip);
      const put = () => {
        const [x, y] = where(), left = Math.max(box.left - 4, Math.min(box.right + 4, across(x))), top = Math.max(box.top - 4, Math.min(box.bottom + 4, up(y)));
        if (!Number.isFinite(left + top)) return;
        grip.style.transform = `translate(${left}px, ${top}px)`;
        const value = dy ? y : x, [low, high] = dy ? state.y : state.x;
        for (const [key, one] of Object.entries({ valuemin: Math.min(low, value), valuemax: Math.max(high, value), valuenow: Number(value.toPrecision(6)), valuetext: text() })) grip.setAttribute(`aria-${key}`, one);
      };
      const moved = (x, y) => {
        move(x, y);
        refresh();
      };
      grip.addEventListener("pointerdown", (event) => {
        grip.setPointerCapture(event.pointerId);
        grip.classList.add("held");
      });
      grip.addEventListener("pointermove", (event) => { if (grip.hasPointerCapture(event.pointerId)) moved(...at(event)); });
      grip.addEventListener("lostpointercapture", () => {
        grip.classList.remove("held");
        end();
      });
      grip.addEventListener("keydown", (event) => {
        const [x, y] = where(), times = event.shiftKey ? 10 : 1, edge = { Home: 0, End: 1 }[event.key];
        if (edge !== undefined) {
          event.preventDefault();
          moved(dx ? state.x[edge] : x, dy ? state.y[edge] : y);
          end();
          return;
        }
        const [right, higher] = { ArrowRight: [1, dx ? 0 : 1], ArrowLeft: [-1, dx ? 0 : -1], ArrowUp: [dy ? 0 : 1, 1], ArrowDown: [dy ? 0 : -1, -1], PageUp: [5, 5], PageDown: [-5, -5] }[event.key] ?? [];
        if (right === undefined) return;
        event.preventDefault();
        moved(x + times * right * dx, y + times * higher * dy);
        end();
      });
      const made = { put, grip };
      handles.push(made);
      refresh();
      return made;
    };

    const made = {
      host, canvas, across, up, at, handle, refresh, color,
      get width() { return width; },
      get height() { return height; },
      get x() { return state.x; },
      get y() { return state.y; },
      axes: (changed) => {
        Object.assign(state, changed);
        refresh();
      },
      label: (text) => canvas.setAttribute("aria-label", text),
      draw: (paints) => {
        painter = paints;
        refresh();
      },
      paint, // now, for a measurement
    };
    pen.plot = made;
    return made;
  };
}
