// What components do: tabs, dialogs, toasts and drop zones. parts.html has their markup, base.html loads this after i18n.js.
"use strict";
{
  const whatsit = (window.whatsit ??= {});

  // Tabs: arrow keys, Home and End move and select. Without this script all panels are visible.
  const select = (tab) => {
    for (const one of tab.parentElement.children) {
      const isChosen = one === tab;
      one.setAttribute("aria-selected", isChosen);
      one.tabIndex = isChosen ? 0 : -1;
      document.getElementById(one.getAttribute("aria-controls")).hidden = !isChosen;
    }
  };
  for (const list of document.querySelectorAll("[role=tablist]")) {
    select(list.querySelector("[aria-selected=true]") ?? list.firstElementChild);
    list.addEventListener("click", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (tab) select(tab);
    });
    list.addEventListener("keydown", (event) => {
      const tabs = [...list.children], here = tabs.indexOf(document.activeElement);
      const goal = { ArrowRight: here + 1, ArrowLeft: here - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
      if (goal === undefined) return;
      event.preventDefault();
      select(tabs[goal % tabs.length]);
      tabs[goal % tabs.length].focus();
    });
  }

  // What is wider than its place fades where there is more of it.
  for (const box of document.querySelectorAll(".scroll")) {
    const mark = () => {
      box.classList.toggle("more-before", box.scrollLeft > 1);
      box.classList.toggle("more-after", box.scrollWidth - box.clientWidth - box.scrollLeft > 1);
    };
    box.addEventListener("scroll", mark, { passive: true });
    new ResizeObserver(mark).observe(box);
  }

  // Dialogs: button[data-opens=ID] opens one; Escape, [data-closes] or a click beside it closes it, and focus returns.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]"), closer = event.target.closest("[data-closes]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    else if (closer) closer.closest("dialog").close();
    else if (event.target instanceof HTMLDialogElement && !isInside(event.target, event)) event.target.close();
  });
  const isInside = (dialog, { clientX: x, clientY: y }) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    return x >= left && x <= right && y >= top && y <= bottom;
  };

  // whatsit.toast("Saved.") or ("The disk is full.", "bad"): read aloud, gone after a while unless bad. Beside an open
  // dialog everything is out of reach, so the toasts are inside it.
  const region = document.createElement("div");
  region.className = "toasts";
  region.setAttribute("role", "status");
  const place = () => {
    const host = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
    if (region.parentElement !== host) host.append(region);
  };
  place();
  document.addEventListener("close", place, true);
  whatsit.toast = (text, kind = "", seconds = 6) => {
    const toast = document.createElement("div"), said = document.createElement("p"), close = document.createElement("button");
    toast.className = `toast ${kind}`;
    if (kind === "bad") toast.setAttribute("role", "alert");
    said.textContent = text;
    close.type = "button";
    close.className = "icon";
    close.textContent = "×";
    close.setAttribute("aria-label", whatsit.say("web.close"));
    close.addEventListener("click", () => toast.remove());
    place();
    toast.append(said, close);
    region.append(toast);
    if (kind !== "bad") setTimeout(() => toast.remove(), 1000 * seconds);
    return toast;
  };

  // A picture that misses its zone must not replace the page.
  if (document.querySelector("[data-drop]")) {
    for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
  }

  // A drop zone: "pictures" is fired at it with the files in `detail`, dropped, chosen or pasted anywhere in the page.
  // Before it "refused", with the first file that is not a picture, which is also shown unless its default is prevented.
  for (const zone of document.querySelectorAll("[data-drop]")) {
    const input = zone.querySelector("input[type=file]");
    const take = (list) => {
      const files = [...list], good = files.filter((file) => !file.type || file.type.startsWith("image/"));
      const refused = files.find((file) => !good.includes(file));
      if (refused && zone.dispatchEvent(new CustomEvent("refused", { cancelable: true, detail: refused }))) {
        whatsit.toast(whatsit.say("web.not_picture", { name: refused.name }), "bad");
      }
      const detail = input.multiple ? good : good.slice(0, 1);
      if (detail.length) zone.dispatchEvent(new CustomEvent("pictures", { bubbles: true, detail }));
    };
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
    zone.addEventListener("dragleave", (event) => zone.contains(event.relatedTarget) || zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      take(event.dataTransfer.files);
    });
    input.addEventListener("change", () => {
      take(input.files);
      if (!input.form) input.value = ""; // so that the same picture can be chosen again
    });
    document.addEventListener("paste", (event) => {
      const { files } = event.clipboardData;
      if (!files.length || !zone.checkVisibility()) return;
      event.preventDefault();
      take(files);
    });
  }
}
