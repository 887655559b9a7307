// A loss of two numbers as a landscape: whatsit.Surface draws it in 3-D, whatsit.LossMap from above. Both take
// {loss([a, b]), across: [low, high], along: [low, high], top, names: {across, along, loss}} and show `paths`, lists of
// {points: [[a, b, loss], ...], color: "--token", width, dash}. The surface turns by drag, arrow keys and `turn`.
// whatsit.rgb("#1f6fb2") and whatsit.mixed(one, other, share) are colors to compute with.
"use strict";
{
  const whatsit = (window.whatsit ??= {});
  const BANDS = 12, CELLS = 40, TEXT = 12, MIDDLE = 0.3, TALL = 1.15;
  const FLAT = 0.2, STEEP = 1.45, STEP = Math.PI / 24;
  const between = (low, high, share) => low + (high - low) * share;
  const limited = (value, low, high) => Math.min(high, Math.max(low, value));

  // Colors come from the page's tokens, and change with them. Whatever a token says, a pixel has its red, green and blue.
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    pixel.fillStyle = color;
    pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const blend = (one, other, share) => one.map((part, place) => between(part, other[place], share));
  const css = (color) => `rgb(${color.map(Math.round).join(" ")})`;
  const mixed = (one, other, share) => css(blend(one, other, share));

  // What both views share: a canvas as sharp as the screen, redrawn when its size or the colors change, and the landscape
  // as a grid of heights. Bands are narrow near the bottom, where the path takes its small steps.
  class View {
    constructor(canvas, landscape) {
      this.canvas = canvas;
      this.pen = canvas.getContext("2d");
      this.paths = [];
      this.set(landscape);
      new ResizeObserver(() => this.draw()).observe(canvas);
      for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
        matchMedia(query).addEventListener("change", () => this.draw());
      }
    }

    set(landscape) {
      Object.assign(this, landscape);
      const { across, along, loss } = this, size = CELLS + 1;
      this.grid = Array.from({ length: size }, (_, row) => Array.from({ length: size }, (_, column) =>
        loss([between(...across, column / CELLS), between(...along, row / CELLS)])));
      this.key = null;
      this.draw();
    }

    show(paths) {
      this.paths = paths;
      this.draw();
    }

    begin() {
      const { canvas, pen } = this, { clientWidth, clientHeight } = canvas, sharp = devicePixelRatio || 1;
      if (!clientWidth || !clientHeight) return false;
      canvas.width = Math.round(clientWidth * sharp);
      canvas.height = Math.round(clientHeight * sharp);
      pen.setTransform(sharp, 0, 0, sharp, 0, 0);
      pen.lineJoin = pen.lineCap = "round";
      const style = getComputedStyle(canvas), known = {};
      this.token = (name) => (known[name] ??= style.getPropertyValue(name).trim());
      pen.font = `${TEXT}px ${style.fontFamily}`;
      const [low, middle, high] = ["--valley", "--c-loss", "--ridge"].map((name) => rgb(this.token(name)));
      this.ramp = (share) => (share < MIDDLE ? blend(low, middle, share / MIDDLE) : blend(middle, high, (share - MIDDLE) / (1 - MIDDLE)));
      this.bands = Array.from({ length: BANDS }, (_, band) => css(this.ramp(band / (BANDS - 1))));
      [this.width, this.height] = [clientWidth, clientHeight];
      return true;
    }

    share(height) {
      return Math.sqrt(limited(height / this.top, 0, 1));
    }

    // What lies under the paths is kept from its second painting on, so that turning does not wait for copies.
    scene(view, paint) {
      const { canvas, pen } = this, key = [canvas.width, canvas.height, this.bands, this.token("--soft"), ...view].join();
      const isSame = key === this.key;
      if (isSame && this.kept) {
        pen.save();
        pen.setTransform(1, 0, 0, 1, 0, 0);
        pen.drawImage(this.kept, 0, 0);
        pen.restore();
        return;
      }
      paint();
      this.key = key;
      this.kept = isSame ? Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height }) : null;
      this.kept?.getContext("2d").drawImage(canvas, 0, 0);
    }

    // The polygon [[column, row, height], ...] of each cell, cut off where it is too high.
    cell(row, column, most = this.top) {
      const at = (r, c) => [c, r, this.grid[r][c]];
      const corners = [at(row, column), at(row, column + 1), at(row + 1, column + 1), at(row + 1, column)];
      if (corners.every((one) => one[2] <= most)) return corners;
      return corners.flatMap((one, place) => {
        const next = corners[(place + 1) % 4], kept = one[2] <= most ? [one] : [];
        return one[2] <= most === next[2] <= most ? kept : [...kept, crossing(one, next, most)];
      });
    }

    // The line on which a cell is as high as a level.
    level(row, column, height) {
      const at = (r, c) => [c, r, this.grid[r][c]];
      const corners = [at(row, column), at(row, column + 1), at(row + 1, column + 1), at(row + 1, column)];
      return corners.flatMap((one, place) => {
        const next = corners[(place + 1) % 4];
        return one[2] < height !== next[2] < height ? [crossing(one, next, height)] : [];
      });
    }

    // `at` takes column, row and height to the canvas.
    line(points, at) {
      this.pen.beginPath();
      for (const point of points) this.pen.lineTo(...at(...point));
    }

    drawPaths(at) {
      const { pen } = this, cellsOf = ([low, high], value) => ((limited(value, low - 9, high + 9) - low) / (high - low)) * CELLS;
      for (const { points, color, width = 2.5, dash = [] } of this.paths) {
        if (!points.length) continue;
        const placed = points.map(([a, b, loss]) => at(cellsOf(this.across, a), cellsOf(this.along, b), Math.min(loss, this.top * 1.05)));
        for (const [ink, wide] of [["--figure", width + 2.5], [color, width]]) {
          pen.strokeStyle = pen.fillStyle = this.token(ink);
          pen.lineWidth = wide;
          pen.setLineDash(dash);
          pen.beginPath();
          for (const one of placed) pen.lineTo(...one);
          pen.stroke();
          pen.setLineDash([]);
          const dots = placed.length <= 60 && !dash.length ? placed : placed.slice(-1);
          for (const one of dots) {
            pen.beginPath();
            pen.arc(...one, (one === placed.at(-1) ? 4.5 : 1.2) + wide / 2, 0, 2 * Math.PI);
            pen.fill();
          }
        }
      }
    }

    write(text, x, y, align = "center", base = "middle") {
      const half = align === "center" ? this.pen.measureText(text).width / 2 : 0, inside = half ? limited(x, half, this.width - half) : x;
      Object.assign(this.pen, { textAlign: align, textBaseline: base, fillStyle: this.token("--soft") });
      this.pen.fillText(text, inside, limited(y, TEXT / 2, this.height - TEXT / 2));
    }
  }

  const crossing = (one, next, height) => {
    const share = (height - one[2]) / (next[2] - one[2]);
    return [between(one[0], next[0], share), between(one[1], next[1], share), height];
  };
  const short = (value) => String(Math.round(100 * value) / 100).replace("-", "−");

  class Surface extends View {
    constructor(canvas, landscape, { yaw = -0.6, pitch = 0.75 } = {}) {
      canvas.tabIndex = 0;
      const home = { yaw, pitch };
      super(canvas, { ...landscape, ...home });
      canvas.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[event.key];
        if (event.key === "Home") Object.assign(this, home);
        else if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        this.turn(...(by ?? [0, 0]));
      });
      let last = null;
      canvas.addEventListener("pointerdown", (event) => {
        last = event;
        canvas.setPointerCapture(event.pointerId);
      });
      canvas.addEventListener("pointermove", (event) => {
        if (!last) return;
        this.turn((event.clientX - last.clientX) / 120, (event.clientY - last.clientY) / 160);
        last = event;
      });
      for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (last = null));
    }

    turn(yaw, pitch) {
      this.yaw = (this.yaw + yaw) % (2 * Math.PI);
      this.pitch = limited(this.pitch + pitch, FLAT, STEEP);
      this.draw();
    }

    // Column, row and height to the canvas: turned, tilted, and a little smaller where it is farther away.
    project() {
      const [sin, cos, rise, fall] = [Math.sin(this.yaw), Math.cos(this.yaw), Math.cos(this.pitch), Math.sin(this.pitch)];
      // Room for the corners of the floor, however it is turned, and for the rim at the back.
      const size = Math.min(this.width / 3.1, this.height / (2.62 * fall + TALL * rise + 0.15));
      const middle = this.height / 2 + ((TALL * rise - 0.42 * fall) * size) / 2;
      return (column, row, height) => {
        const [u, v, h] = [(2 * column) / CELLS - 1, (2 * row) / CELLS - 1, (TALL * height) / this.top];
        const x = u * cos - v * sin, away = u * sin + v * cos;
        const scale = size / (1 + 0.12 * (away * rise - h * fall));
        return [this.width / 2 + x * scale, middle - (away * fall + h * rise) * scale];
      };
    }

    draw() {
      if (this.yaw === undefined || !this.begin()) return;
      const at = this.project();
      this.scene([this.yaw, this.pitch], () => this.paint(at));
      this.drawPaths(at);
    }

    paint(at) {
      const [page, ink] = ["--page", "--ink"].map((name) => rgb(this.token(name)));
      this.lit = (share, light) => css(blend(this.ramp(share), light > 0 ? page : ink, 0.22 * Math.abs(light)));
      this.floor(at);
      const order = (forward) => Array.from({ length: CELLS }, (_, place) => (forward ? place : CELLS - 1 - place));
      const rows = order(Math.cos(this.yaw) < 0), columns = order(Math.sin(this.yaw) < 0);
      const levels = Array.from({ length: BANDS - 1 }, (_, place) => this.top * ((place + 1) / BANDS) ** 2);
      for (const row of rows) for (const column of columns) this.patch(row, column, at, levels);
      this.pen.globalAlpha = 1;
    }

    // A cell, from farthest to nearest. What is seen from below is glass, so that the near wall hides nothing.
    patch(row, column, at, levels) {
      const { pen } = this, polygon = this.cell(row, column);
      if (polygon.length < 3) return;
      const placed = polygon.map((one) => at(...one));
      const area = placed.reduce((total, [x, y], place) => {
        const [nextX, nextY] = placed[(place + 1) % placed.length];
        return total + x * nextY - nextX * y;
      }, 0);
      const isFromBelow = area > 0, heights = polygon.map((one) => one[2]);
      pen.globalAlpha = isFromBelow ? 0.3 : 1;
      pen.fillStyle = pen.strokeStyle = this.lit(this.share(heights.reduce((total, one) => total + one, 0) / heights.length), this.light(row, column));
      pen.lineWidth = 0.8;
      this.line(polygon, at);
      pen.closePath();
      pen.fill();
      if (!isFromBelow) pen.stroke();
      pen.strokeStyle = this.token("--figure");
      pen.globalAlpha = isFromBelow ? 0.2 : 0.55;
      for (const level of levels) {
        if (level <= Math.min(...heights) || level > Math.max(...heights)) continue;
        this.line(this.level(row, column, level), at);
        pen.stroke();
      }
    }

    // How much brighter, up to 1, or darker, down to -1, a cell is than flat ground: the lamp stands behind the reader's left shoulder.
    light(row, column) {
      const steep = (other) => ((other - this.grid[row][column]) / this.top) * TALL * (CELLS / 2);
      const [right, back] = [steep(this.grid[row][column + 1]), steep(this.grid[row + 1][column])];
      const turned = -right * Math.cos(this.yaw + 0.9) + back * Math.sin(this.yaw + 0.9);
      return limited(turned / Math.hypot(right, back, 1), -1, 1);
    }

    floor(at) {
      const { pen, across, along, names } = this, end = CELLS;
      pen.strokeStyle = this.token("--line");
      pen.lineWidth = 1;
      for (let place = 0; place <= end; place += end / 4) {
        for (const points of [[[place, 0, 0], [place, end, 0]], [[0, place, 0], [end, place, 0]]]) {
          this.line(points, at);
          pen.stroke();
        }
      }
      // The names stand at the edges that are nearest.
      const row = Math.cos(this.yaw) > 0 ? 0 : end, column = Math.sin(this.yaw) > 0 ? 0 : end, out = (edge) => (edge ? end * 1.09 : -end * 0.09);
      this.write(`${names.across}`, ...at(end / 2, out(row) + (row ? 3 : -3), 0));
      this.write(`${names.along}`, ...at(out(column) + (column ? 3 : -3), end / 2, 0));
      for (const [place, share] of [[0.06, 0], [0.94, 1]]) {
        this.write(short(between(...across, share)), ...at(end * place, out(row), 0));
        this.write(short(between(...along, share)), ...at(out(column), end * place, 0));
      }
    }
  }

  class LossMap extends View {
    // `picked([a, b])` is called where the reader clicks.
    constructor(canvas, landscape, picked) {
      super(canvas, landscape);
      if (picked) canvas.addEventListener("click", (event) => picked(this.under(event.offsetX, event.offsetY)));
    }

    get box() {
      return { left: 34, top: 8, right: this.width - 8, bottom: this.height - 34 };
    }

    at(column, row) {
      const { left, right, top, bottom } = this.box;
      return [between(left, right, column / CELLS), between(bottom, top, row / CELLS)];
    }

    under(x, y) {
      const { left, right, top, bottom } = this.box;
      return [between(...this.across, limited((x - left) / (right - left), 0, 1)), between(...this.along, limited((bottom - y) / (bottom - top), 0, 1))];
    }

    draw() {
      if (!this.begin()) return;
      const { pen } = this, { left, right, top, bottom } = this.box, at = (column, row) => this.at(column, row);
      this.scene([], () => this.paint(at));
      pen.save();
      pen.beginPath();
      pen.rect(left, top, right - left, bottom - top);
      pen.clip();
      this.drawPaths(at);
      pen.restore();
    }

    // From high to low: each band covers what is higher.
    paint(at) {
      const { pen } = this, { left, right, top, bottom } = this.box;
      pen.fillStyle = this.bands.at(-1);
      pen.fillRect(left, top, right - left, bottom - top);
      for (let band = BANDS - 1; band > 0; band--) {
        const height = this.top * (band / BANDS) ** 2;
        pen.fillStyle = pen.strokeStyle = this.bands[band - 1];
        pen.lineWidth = 0.6;
        pen.beginPath();
        this.everyCell((row, column) => {
          const polygon = this.cell(row, column, height);
          polygon.forEach((one, place) => pen[place ? "lineTo" : "moveTo"](...at(...one)));
          if (polygon.length) pen.closePath();
        });
        pen.fill();
        pen.stroke();
        pen.strokeStyle = this.token("--figure");
        pen.globalAlpha = 0.6;
        pen.lineWidth = 1;
        pen.beginPath();
        this.everyCell((row, column) => this.level(row, column, height).forEach((one, place) => pen[place % 2 ? "lineTo" : "moveTo"](...at(...one))));
        pen.stroke();
        pen.globalAlpha = 1;
      }
      this.axes();
    }

    everyCell(call) {
      for (let row = 0; row < CELLS; row++) for (let column = 0; column < CELLS; column++) call(row, column);
    }

    axes() {
      const { pen, across, along, names } = this, { left, right, top, bottom } = this.box;
      this.write(short(across[0]), left, bottom + 14, "left");
      this.write(short(across[1]), right, bottom + 14, "right");
      this.write(names.across, (left + right) / 2, bottom + 14);
      this.write(short(along[0]), left - 6, bottom - 5, "right");
      this.write(short(along[1]), left - 6, top + 7, "right");
      pen.save();
      pen.translate(left - 18, (top + bottom) / 2);
      pen.rotate(-Math.PI / 2);
      this.write(names.along, 0, 0);
      pen.restore();
    }
  }

  Object.assign(whatsit, { Surface, LossMap, rgb, mixed });
}
