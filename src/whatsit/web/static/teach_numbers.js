// whatsit.numbers: everything that the course computes, in double precision, as plain functions without a page.
// A problem is what `descend` can solve: {size, loss(a), slope(a, places)}: over how many examples, the mean loss at the
// numbers `a`, and its gradient over the examples at `places`, by default over all. The loop is the same for every problem.
"use strict";
{
  const whatsit = (window.whatsit ??= {});
  const every = (size) => Array.from({ length: size }, (_, place) => place);
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const mean = (values) => sum(values) / values.length;
  const dot = (a, b, from = 0) => {
    let total = 0;
    for (let place = 0; place < a.length; place++) total += a[place] * b[from + place];
    return total;
  };

  const mse = (yHat, y) => mean(y.map((one, place) => (yHat[place] - one) ** 2));
  const lineAt = (x, [slope, intercept]) => x.map((one) => slope * one + intercept);

  // A line through points and its mean squared error, a function of two numbers. The sums over all points are taken once,
  // so that a step costs the same with 10,000 points as with 10.
  const line = (x, y) => {
    const size = x.length, my = mean(y), xx = mean(x.map((one) => one * one)), mx = mean(x);
    const xy = mean(x.map((one, place) => one * y[place])), yy = mean(y.map((one) => one * one));
    const loss = ([a, b]) => {
      const found = a * a * xx + b * b + yy + 2 * (a * b * mx - a * xy - b * my);
      return Number.isNaN(found) ? Infinity : Math.max(0, found);
    };
    const slope = ([a, b], places) => {
      if (!places || places.length === size) return [2 * (a * xx + b * mx - xy), 2 * (a * mx + b - my)];
      let left = 0, right = 0;
      for (const place of places) {
        const error = a * x[place] + b - y[place];
        left += error * x[place];
        right += error;
      }
      return [(2 * left) / places.length, (2 * right) / places.length];
    };
    return { size, loss, slope, curvature: [[2 * xx, 2 * mx], [2 * mx, 2]] };
  };

  const softmax = (logits) => {
    const top = Math.max(...logits), powers = logits.map((one) => Math.exp(one - top)), total = sum(powers);
    return powers.map((one) => one / total);
  };
  // -log of the probability that the right class gets, without ever taking the logarithm of 0.
  const crossEntropy = (logits, label) => {
    const top = Math.max(...logits);
    return Math.log(sum(logits.map((one) => Math.exp(one - top)))) + top - logits[label];
  };

  // The head of a classifier: for each class a weight for each feature, and a constant; cross-entropy, with weight decay
  // as half of `wd` times the squares of the weights. `a` holds the rows of all classes, the constant at the end of each.
  const head = (features, labels, classes, wd = 0) => {
    const size = features.length, width = features[0].length, row = width + 1;
    const logits = (a, one) => every(classes).map((name) => dot(one, a, name * row) + a[name * row + width]);
    const loss = (a) => mean(features.map((one, place) => crossEntropy(logits(a, one), labels[place])))
      + (wd / 2) * sum(a.map((weight, place) => (place % row === width ? 0 : weight * weight)));
    const slope = (a, places = every(size)) => {
      const total = a.map((weight, place) => (place % row === width ? 0 : wd * weight));
      for (const place of places) {
        const one = features[place], shares = softmax(logits(a, one));
        shares[labels[place]] -= 1;
        shares.forEach((share, name) => {
          const part = share / places.length, from = name * row;
          for (let column = 0; column < width; column++) total[from + column] += part * one[column];
          total[from + width] += part;
        });
      }
      return total;
    };
    const probabilities = (a, some = features) => some.map((one) => softmax(logits(a, one)));
    const accuracy = (a, some = features, right = labels) => mean(some.map((one, place) => {
      const scores = logits(a, one);
      return Number(scores.indexOf(Math.max(...scores)) === right[place]);
    }));
    return { size, loss, slope, probabilities, accuracy, start: Array(classes * row).fill(0) };
  };

  // Gradient descent, step by step: {a, loss, seen}, with the loss at each place and how many examples were looked at before.
  // `batches` are lists of places, a step for each; without them every step takes all examples. `schedule(step)` gives the
  // share of the rate and the momentum. A walk ends where it is no longer made of numbers.
  function* walk(problem, start, { lr, steps, momentum = 0, batches, schedule } = {}) {
    const here = [...start], speed = here.map(() => 0);
    let seen = 0;
    yield { a: [...here], loss: problem.loss(here), seen };
    for (let step = 0; step < (steps ?? batches.length); step++) {
      const [share, keep] = schedule ? schedule(step) : [1, momentum], places = batches?.[step % batches.length];
      problem.slope(here, places).forEach((one, place) => {
        speed[place] = keep * speed[place] + one;
        here[place] -= lr * share * speed[place];
      });
      if (!here.every(Number.isFinite)) return;
      seen += places?.length ?? problem.size;
      yield { a: [...here], loss: problem.loss(here), seen };
    }
  }
  const descend = (problem, start, options) => [...walk(problem, start, options)];

  // How a walk that was to take so many steps shows that its rate was too high, as Descent.finding in teach/descent.py:
  // "infinite", "exploded" (it ended above its start), "swung" (each step of the second half jumped over the bottom and
  // landed higher than before), or null.
  const GREW = 2, SWINGS = 10;
  const diverged = (path, steps = path.length - 1) => {
    const losses = path.map(({ loss }) => loss), last = losses.at(-1);
    if (losses.length <= steps || !(last < Infinity)) return "infinite";
    if (last > Math.max(losses[0], GREW * Math.min(...losses))) return "exploded";
    const rest = path.slice(Math.floor((path.length - 1) / 2));
    const moves = rest.slice(1).map(({ a }, place) => a.map((one, column) => one - rest[place].a[column]));
    const isHigher = rest.slice(1).every(({ loss }, place) => loss > rest[place].loss);
    const isTurning = moves.slice(1).every((move, place) => dot(move, moves[place]) < 0);
    return rest.length > SWINGS && isHigher && isTurning ? "swung" : null;
  };

  // Newton's method on two numbers: curvature says how far, and one step reaches the bottom of a parabola.
  const newton = (problem, start) => {
    const [[p, q], [r, s]] = problem.curvature, [left, right] = problem.slope(start), area = p * s - q * r;
    return [start[0] - (s * left - q * right) / area, start[1] - (p * right - r * left) / area];
  };

  // One cycle as in training/schedules.py: cosine up to the whole rate, then down; momentum goes the other way.
  const oneCycle = (steps, { pctStart = 0.25, startDiv = 25, endDiv = 1e5, moms = [0.95, 0.85] } = {}) => (step) => {
    const cosine = (start, end, share) => end + ((start - end) * (1 + Math.cos(Math.PI * share))) / 2;
    const position = step / Math.max(1, steps - 1), [high, low] = moms;
    if (position < pctStart) {
      const share = position / pctStart;
      return [cosine(1 / startDiv, 1, share), cosine(high, low, share)];
    }
    const share = (position - pctStart) / (1 - pctStart);
    return [cosine(1, 1 / endDiv, share), cosine(low, high, share)];
  };

  // Random numbers that a seed decides (Mulberry32), the same in every browser.
  const random = (seed) => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = (dice) => Math.sqrt(-2 * Math.log(1 - dice())) * Math.cos(2 * Math.PI * dice());
  const shuffled = (size, dice) => {
    const order = every(size);
    for (let last = size - 1; last > 0; last--) {
      const other = Math.floor(dice() * (last + 1));
      [order[last], order[other]] = [order[other], order[last]];
    }
    return order;
  };
  // The batches of some epochs, each in an order of its own; the last of an epoch may be smaller.
  const minibatches = (size, batch, epochs, seed = 0) => {
    const dice = random(seed), whole = Math.max(1, Math.min(size, Math.round(batch)));
    return every(epochs).flatMap(() => {
      const order = shuffled(size, dice);
      return every(Math.ceil(size / whole)).map((place) => order.slice(place * whole, (place + 1) * whole));
    });
  };

  // Least squares by Householder reflections: the `a` that brings rows @ a closest to y. Changes both.
  const leastSquares = (rows, y) => {
    const width = rows[0].length;
    for (let column = 0; column < width; column++) {
      const below = rows.slice(column), norm = Math.hypot(...below.map((row) => row[column]));
      if (norm === 0) continue;
      const mirror = below.map((row) => row[column]);
      mirror[0] += mirror[0] < 0 ? -norm : norm;
      const length = sum(mirror.map((one) => one * one));
      for (let other = column; other <= width; other++) {
        const get = (place) => (other < width ? below[place][other] : y[column + place]);
        const share = (2 * sum(mirror.map((one, place) => one * get(place)))) / length;
        mirror.forEach((one, place) => {
          if (other < width) below[place][other] -= share * one;
          else y[column + place] -= share * one;
        });
      }
    }
    const a = Array(width).fill(0);
    for (let row = width - 1; row >= 0; row--) {
      const rest = y[row] - sum(a.map((one, column) => (column > row ? rows[row][column] * one : 0)));
      a[row] = Math.abs(rows[row][row]) > 1e-14 ? rest / rows[row][row] : 0;
    }
    return a;
  };

  // Coefficients of 1, x, x^2 ... that make mean squared error + wd * (their squares, without the constant's) smallest.
  const fitPolynomial = (x, y, degree, wd = 0) => {
    const powers = every(degree + 1), rows = x.map((one) => powers.map((power) => one ** power)), goal = [...y];
    for (const power of wd > 0 ? powers.slice(1) : []) {
      rows.push(powers.map((other) => (other === power ? Math.sqrt(x.length * wd) : 0)));
      goal.push(0);
    }
    return leastSquares(rows, goal);
  };
  const polynomialAt = (x, a) => x.map((one) => a.reduceRight((total, coefficient) => total * one + coefficient, 0));

  // The 95% interval of a share of `size` (Wilson 1927), as `whatsit evaluate` reports it.
  const interval = (right, size) => {
    const z = 1.96, share = right / size, under = 1 + (z * z) / size;
    const middle = (share + (z * z) / (2 * size)) / under;
    const half = (z * Math.sqrt((share * (1 - share)) / size + (z * z) / (4 * size * size))) / under;
    return [Math.max(0, middle - half), Math.min(1, middle + half)];
  };

  whatsit.numbers = {
    mean, mse, lineAt, line, head, walk, descend, diverged, newton, oneCycle, softmax, crossEntropy, random, normal, shuffled,
    minibatches, fitPolynomial, polynomialAt, interval,
  };
}
