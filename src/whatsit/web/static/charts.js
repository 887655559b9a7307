// Charts as SVG from their description, the same as web/charts/svg.py draws: change both together.
// whatsit.drawChart(host, chart) replaces what is in an element; whatsit.numberAxis and whatsit.percentAxis choose ticks.
"use strict";
{
  const whatsit = (window.whatsit ??= {});
  const WIDTH = 440, HEIGHT = 270, LEFT = 52, RIGHT = 24, TOP = 12, BOTTOM = 42, COLORS = 4;
  const ROW = 30, THICK = 16, NAME = 120, NUMBER = 56, LONGEST = 14, SIDE = 52, TURNED = 40, WIDE = 0x2e80;
  const SPACE = Object.assign(document.createElement("template"), { innerHTML: "<svg></svg>" }).content.firstChild.namespaceURI;
  const tenth = (value) => Math.floor(10 * value + 0.5) / 10;
  const grouped = (text) => text.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const finite = (...values) => values.every((value) => Number.isFinite(value));

  const picture = (kind, width, height, label, shapes) => {
    const make = ([tag, attributes, text]) => {
      const element = document.createElementNS(SPACE, tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      if (text) element.textContent = text;
      return element;
    };
    const svg = make(["svg", { class: kind, width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }]);
    svg.append(...shapes.map(make));
    return svg;
  };

  const share = (axis, value) => {
    const [low, high, here] = [axis.low, axis.high, value].map((one) => (axis.is_log ? Math.log(one) : one));
    return high > low ? (here - low) / (high - low) : 0.5;
  };

  const path = (points) => points.map(([across, up]) => `${across},${up}`).join(" ");

  const drawn = (series, color, at) => {
    const shapes = [], spans = series.span ?? series.ys.map((y) => [y, y]);
    const points = series.xs.map((x, place) => [x, series.ys[place], ...spans[place]])
      .filter((point) => finite(...point))
      .map(([x, y, low, high]) => [at(x, y), at(x, low), at(x, high)]);
    const asDots = series.dots || points.length === 1;
    if (series.span && !series.dots) {
      const edge = [...points.map((point) => point[1]), ...points.map((point) => point[2]).reverse()];
      shapes.push(["polygon", { class: `band ${color}`, points: path(edge) }]);
    }
    for (const [[across, up], [, low], [, high]] of asDots ? points : []) {
      if (series.span) shapes.push(["line", { class: color, x1: across, x2: across, y1: low, y2: high }]);
      shapes.push(["circle", { class: color, cx: across, cy: up, r: 4 }]);
    }
    if (!asDots) shapes.push(["polyline", { class: color, points: path(points.map((point) => point[0])) }]);
    return shapes;
  };

  const lines = ({ x, y, series }) => {
    const floor = HEIGHT - BOTTOM, right = WIDTH - RIGHT, shapes = [];
    const at = (across, up) => [tenth(LEFT + share(x, across) * (right - LEFT)), tenth(floor - share(y, up) * (floor - TOP))];
    for (const [value, text] of y.ticks) {
      const height = at(x.low, value)[1];
      shapes.push(["line", { class: "grid", x1: LEFT, x2: right, y1: height, y2: height }]);
      shapes.push(["text", { x: LEFT - 6, y: tenth(height + 4), "text-anchor": "end" }, text]);
    }
    for (const [value, text] of x.ticks) shapes.push(["text", { x: at(value, y.low)[0], y: floor + 16, "text-anchor": "middle" }, text]);
    shapes.push(
      ["line", { class: "axis", x1: LEFT, x2: right, y1: floor, y2: floor }],
      ["text", { x: (LEFT + right) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, x.label],
      ["text", { transform: `translate(12 ${(TOP + floor) / 2}) rotate(-90)`, "text-anchor": "middle" }, y.label],
      ...series.flatMap((one, number) => drawn(one, `s${number % COLORS}`, at)),
    );
    return shapes;
  };

  const keys = (series) => {
    const list = document.createElement("ul");
    list.className = "keys";
    series.forEach((one, number) => {
      if (!one.name) return;
      const item = document.createElement("li"), key = document.createElement("span");
      key.className = `key s${number % COLORS}${one.dots ? " dot" : ""}`;
      item.append(key, one.name);
      list.append(item);
    });
    return list.childElementCount ? [list] : [];
  };

  const room = (name) => [...name].reduce((sum, one) => sum + (one.codePointAt(0) >= WIDE ? 2 : 1), 0);
  const short = (name) => {
    if (room(name) <= LONGEST) return name;
    const letters = [...name];
    while (room(letters) >= LONGEST) letters.pop();
    return `${letters.join("")}…`;
  };

  const bars = (chart) => chart.bars.flatMap((one, place) => {
    const longest = WIDTH - NAME - NUMBER, base = ROW * place + ROW / 2 + 4;
    const size = { y: ROW * place + (ROW - THICK) / 2, height: THICK, rx: 3 };
    return [
      ["text", { x: NAME - 8, y: base, "text-anchor": "end" }, short(one.name)],
      ["rect", { class: "track", x: NAME, width: longest, ...size }],
      ["rect", { class: `s${one.series % COLORS}`, x: NAME, width: tenth(Math.max(0, Math.min(1, one.share)) * longest), ...size }],
      ["text", { class: "number", x: WIDTH, y: base, "text-anchor": "end" }, one.text],
    ];
  });

  const legendOf = ({ actual, names }) => 32 + 8 * Math.max(room(actual) + 2, ...names.map((name) => room(short(name))));
  const cells = (chart) => {
    const legend = legendOf(chart), middle = (place) => legend + SIDE * place + SIDE / 2;
    const shapes = [
      ["text", { x: legend, y: 14 }, `${chart.predicted} →`],
      ["text", { x: legend - 8, y: legend - 8, "text-anchor": "end" }, `${chart.actual} ↓`],
    ];
    chart.names.forEach((name, place) => shapes.push(
      ["text", { transform: `translate(${middle(place) + 4} ${legend - 8}) rotate(-45)` }, short(name)],
      ["text", { x: legend - 8, y: middle(place) + 4, "text-anchor": "end" }, short(name)],
    ));
    chart.counts.forEach((row, down) => row.forEach((count, across) => {
      const part = Math.floor((10 * count) / (row.reduce((sum, one) => sum + one, 0) || 1) + 0.5);
      const kind = count ? `${down === across ? "right" : "wrong"} share-${part}` : "none";
      shapes.push(["rect", { class: `cell ${kind}`, x: legend + SIDE * across + 1, y: legend + SIDE * down + 1, width: SIDE - 2, height: SIDE - 2, rx: 4 }]);
      if (count) shapes.push(["text", { class: "count", x: middle(across), y: middle(down) + 4, "text-anchor": "middle" }, grouped(String(count))]);
    }));
    return shapes;
  };

  const kinds = {
    lines: (chart) => [picture("chart", WIDTH, HEIGHT, chart.label, lines(chart)), ...keys(chart.series)],
    bars: (chart) => [picture("chart", WIDTH, ROW * chart.bars.length, chart.label, bars(chart))],
    matrix: (chart) => {
      const side = legendOf(chart) + SIDE * chart.names.length;
      return [picture("chart counts", side + TURNED, side, chart.label, cells(chart))];
    },
  };
  whatsit.drawChart = (host, chart) => host.replaceChildren(...kinds[chart.kind](chart));

  const multiples = (step, low, high, say) => {
    const ticks = [];
    for (let number = Math.ceil(low / step - 1e-9); number <= Math.floor(high / step + 1e-9); number++) ticks.push([number * step, say(number * step)]);
    return ticks;
  };
  whatsit.percentAxis = (label, low = 0, high = 1) => {
    const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25].find((one) => (high - low) / one <= 5 || one === 0.25);
    return { label, low, high, ticks: multiples(step, low, high, (value) => `${(100 * value).toFixed(0)}%`), is_log: false };
  };
  whatsit.numberAxis = (label, low, high, isWhole = false) => {
    const span = Math.max(high - low, 1e-9), power = Math.floor(Math.log10(span / 4));
    const times = [1, 2, 5, 10].find((one) => span / (one * 10 ** power) <= 6);
    const step = isWhole ? Math.max(1, times * 10 ** power) : times * 10 ** power;
    const digits = isWhole ? 0 : Math.max(0, -power - (times === 10 ? 1 : 0));
    const say = (value) => value.toFixed(digits).replace(/^-?\d+/, grouped);
    return { label, low, high, ticks: multiples(step, low, high, say), is_log: false };
  };
}
