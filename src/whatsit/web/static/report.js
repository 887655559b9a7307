// The report's album: button[data-cell] opens the pictures behind a number of the confusion matrix.
"use strict";
{
  const FEW = 12; // pictures that are shown large: album.py
  const album = JSON.parse(document.getElementById("album-data").textContent);
  const dialog = document.getElementById("album"), grid = new whatsit.PictureGrid(dialog.querySelector(".gallery"));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-cell]");
    if (!button) return;
    const { title, note, pictures } = album.cells[button.dataset.cell];
    dialog.querySelector("h2").textContent = title;
    dialog.querySelector("p").textContent = note;
    dialog.classList.toggle("wide", pictures.length > 2);
    grid.host.classList.toggle("few", pictures.length <= FEW);
    dialog.showModal();
    dialog.scrollTop = 0;
    grid.show(pictures.map(([number, caption, path]) => ({ src: album.pictures[number], caption, path })));
  });
}
