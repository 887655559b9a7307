// What a review asks and shows beside its pictures: whatsit.suspects.pick, .showKeys and .showChanges.
"use strict";
{
  const { say, suspects } = window.whatsit, { make } = suspects;
  const MOST = 60; // classes in a list

  // A dialog that leaves the page when it is closed.
  const opened = (title, ...inside) => {
    const close = make("button", { type: "button", textContent: say("web.close") });
    close.dataset.closes = "";
    const heading = make("h2", { textContent: title });
    const dialog = make("dialog", { ariaLabel: title }, make("header", {}, heading, close), make("div", {}, ...inside));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
  };

  // One of many names, as a promise: by a click, or by typing some of it and Enter; undefined if the dialog is closed.
  suspects.pick = (title, names, first) =>
    new Promise((resolve) => {
      const input = make("input", { type: "search", placeholder: say("review_page.type"), ariaLabel: say("review_page.type"), autocomplete: "off" });
      const list = make("ul", { className: "choices" });
      const more = make("p", { className: "soft", role: "status" });
      const all = first === undefined ? names : [first, ...names];
      const fill = () => {
        const wanted = input.value.trim().toLocaleLowerCase();
        const found = all.filter((name) => name.toLocaleLowerCase().includes(wanted));
        list.replaceChildren(...found.slice(0, MOST).map((name) => {
          const button = make("button", { type: "button" }, make("span", { textContent: name }));
          const key = first === undefined ? names.indexOf(name) + 1 : 0;
          if (key > 0 && key <= 9) button.append(make("kbd", { textContent: key }));
          button.addEventListener("click", () => end(name));
          return make("li", {}, button);
        }));
        more.textContent = found.length > MOST ? say("review_page.more_classes", { count: found.length - MOST }) : found.length ? "" : say("review_page.no_class");
      };
      const dialog = opened(title, input, list, more);
      const end = (name) => {
        resolve(name);
        dialog.close();
      };
      input.addEventListener("input", fill);
      dialog.addEventListener("keydown", (event) => {
        const buttons = [...list.querySelectorAll("button")], here = buttons.indexOf(document.activeElement);
        if (event.key === "Escape") dialog.close(); // also where the browser would only clear the input
        else if (event.key === "Enter" && event.target === input) buttons[0]?.click();
        else if (first === undefined && /^[1-9]$/.test(event.key) && !input.value && names[event.key - 1] !== undefined) end(names[event.key - 1]);
        else if (event.key === "ArrowDown") buttons[Math.min(here + 1, buttons.length - 1)]?.focus();
        else if (event.key === "ArrowUp") (here > 0 ? buttons[here - 1] : input).focus();
        else return;
        event.preventDefault();
      });
      dialog.addEventListener("close", () => resolve(undefined));
      fill();
      input.focus();
    });

  // All keys. `rows` are [keys, what they do].
  suspects.showKeys = (rows) => {
    const list = make("dl", { className: "keyboard" });
    for (const [keys, text] of rows) {
      list.append(make("dt", {}, ...keys.map((key) => make("kbd", { textContent: key }))), make("dd", { textContent: text }));
    }
    opened(say("review_page.keys"), make("p", { textContent: say("review_page.touch") }), list);
  };

  // What is worth knowing of all suspects, and what the review has changed: pictures of each class before and after it.
  suspects.showChanges = ({ notes, rows, counts, unchanged, command }) => {
    const cell = (text, kind = "td") => make(kind, { textContent: text });
    const head = [say("review_page.class"), say("review_page.before"), say("review_page.out"), say("review_page.left"), say("review_page.came"), say("review_page.after")];
    const body = rows.map(({ label, before, removed, left, came, after }) => {
      const name = make("th", { scope: "row", textContent: label });
      return make("tr", {}, name, ...[before, removed && -removed, left && -left, came && `+${came}`, after].map((number) => cell(number || (number === 0 ? "" : number))));
    });
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col", textContent: text })))), make("tbody", {}, ...body));
    const box = make("div", { className: "scroll", tabIndex: 0, role: "group", ariaLabel: say("review_page.changes") }, table);
    const parts = [...notes.map((textContent) => make("p", { textContent })), make("p", {}, make("b", { textContent: say("review_page.so_far", counts) }))];
    if (rows.length) parts.push(box);
    if (rows.length && unchanged) parts.push(make("p", { className: "soft", textContent: say("review_page.unchanged", { count: unchanged }) }));
    parts.push(make("p", { textContent: say("review_page.then_train") }), make("p", {}, make("code", { textContent: command })));
    opened(say("review_page.changes"), ...parts);
  };
}
