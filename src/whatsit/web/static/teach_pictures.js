// Small pictures in the course: whatsit.tiles(list, tiles) shows {pixels | weights | src, text, isWrong}, with pixels from 0,
// white, to 16, black, and weights of any size; whatsit.rows(course, job) gives the rows of numbers of a job's pictures.
// whatsit.digits has what a digit is (SIDE, DARKEST) and how it is shown: shade(pixel) from 255, white, to 0, its color,
// picture(pixels), a canvas, and paint(pen, pixels, left, top, size).
"use strict";
{
  const whatsit = window.whatsit;
  const SIDE = 8, DARKEST = 16;

  const paint = (pen, colors, left = 0, top = 0, size = SIDE) => {
    const at = (edge, from) => Math.round(from + (edge * size) / SIDE);
    colors.forEach((color, place) => {
      const [column, row] = [place % SIDE, Math.floor(place / SIDE)], [x, y] = [at(column, left), at(row, top)];
      pen.fillStyle = color;
      pen.fillRect(x, y, at(column + 1, left) - x, at(row + 1, top) - y);
    });
  };
  const shade = (pixel) => Math.round(255 - (255 * pixel) / DARKEST);
  const gray = (pixel) => `rgb(${shade(pixel)} ${shade(pixel)} ${shade(pixel)})`;
  const picture = ({ pixels, weights, src }, most, colors) => {
    const made = document.createElement(src ? "img" : "canvas");
    if (src) return Object.assign(made, { src, alt: "" });
    made.width = made.height = SIDE;
    const tint = (weight) => whatsit.mixed(colors.none, weight > 0 ? colors.plus : colors.minus, Math.abs(weight) / most);
    paint(made.getContext("2d"), pixels ? pixels.map(gray) : weights.map(tint));
    return made;
  };

  whatsit.tiles = (list, tiles) => {
    const most = Math.max(...tiles.flatMap(({ weights = [] }) => weights.map(Math.abs)), 1e-9), style = getComputedStyle(list);
    const [none, plus, minus] = ["--page", "--s0", "--s1"].map((name) => whatsit.rgb(style.getPropertyValue(name).trim()));
    list.replaceChildren(...tiles.map((tile) => {
      const item = document.createElement("li"), text = document.createElement("span");
      item.classList.toggle("wrong", Boolean(tile.isWrong));
      text.textContent = tile.text;
      item.append(picture(tile, most, { none, plus, minus }), text);
      return item;
    }));
  };

  whatsit.digits = {
    SIDE, DARKEST, shade, gray,
    picture: (pixels) => picture({ pixels }),
    paint: (pen, pixels, left, top, size) => paint(pen, pixels.map(gray), left, top, size),
  };

  // {classes, train, valid}, each of these {features, labels, pictures}: without a folder they are digits.
  const ofDigits = ({ pixels, labels, train }, names) => {
    const part = (from, to) => {
      const places = pixels.map((_, place) => place).slice(from, to).filter((place) => names.includes(labels[place]));
      return {
        features: places.map((place) => pixels[place].map((pixel) => pixel / DARKEST)),
        labels: places.map((place) => names.indexOf(labels[place])),
        pictures: places.map((place) => ({ pixels: pixels[place] })),
      };
    };
    return { classes: names.map(String), train: part(0, train), valid: part(train) };
  };
  const ofFolder = ({ classes, features, labels, valid }) => (
    { classes, train: { features, labels }, valid: { ...valid, pictures: (valid.photos ?? []).map((src) => (src ? { src } : null)) } }
  );
  whatsit.rows = (course, job) => (course[job].features ? ofFolder(course[job]) : ofDigits(course.digits, course[job].classes.map(Number)));
  whatsit.digitRows = (course) => ofDigits(course.digits, Array.from({ length: 10 }, (_, digit) => digit));
}
