// A dialog with pictures: opened by button[data-cell], closed by Escape, its button, or a click beside it. Arrow keys move between pictures.
"use strict";
{
  const data = document.getElementById("album-data"), dialog = document.getElementById("album");
  const album = JSON.parse(data.textContent), inside = dialog.querySelector(".tiles");
  const figure = ([number, caption]) => {
    const frame = document.createElement("figure"), image = document.createElement("img");
    const text = document.createElement("figcaption");
    image.src = album.pictures[number];
    image.alt = "";
    image.loading = "lazy";
    text.textContent = caption;
    frame.tabIndex = 0;
    frame.append(image, text);
    return frame;
  };
  const open = (cell) => {
    dialog.querySelector("h2").textContent = cell.title;
    dialog.querySelector("p").textContent = cell.note;
    inside.replaceChildren(...cell.pictures.map(figure));
    dialog.showModal();
    dialog.scrollTop = 0;
  };
  const move = (step) => {
    const frames = [...inside.children], here = frames.indexOf(document.activeElement);
    frames[Math.min(frames.length - 1, Math.max(0, here + step))]?.focus();
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-cell]");
    if (button) open(album.cells[button.dataset.cell]);
    else if (event.target === dialog || event.target.closest("#album header button")) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
    if (event.key in steps) { move(steps[event.key]); event.preventDefault(); }
  });
}
