// whatsit.controls: the sliders, radio buttons and check boxes of a step, kept in the address; teach.js says how to call them.
"use strict";
{
  const whatsit = (window.whatsit ??= {});
  const { say, address: { settings, put, get, refuse } } = whatsit;

  const slider = (root, key, { low, high, start, step, isLog = false, isOpen = false, text = String, on = () => {}, end = () => {} }) => {
    const input = root.querySelector(`[data-slider="${key}"]`), shown = input.parentElement.querySelector(".value");
    const [bottom, top] = isLog ? [Math.log10(low), Math.log10(high)] : [low, high];
    Object.assign(input, { min: bottom, max: top, step: step ?? (isLog ? "any" : (high - low) / 100) });
    if (isLog && !step) input.step = (top - bottom) / 200;
    const made = { value: start };
    const show = () => {
      shown.textContent = text(made.value);
      input.setAttribute("aria-valuetext", shown.textContent);
    };
    made.set = (value) => {
      const within = Math.min(high, Math.max(low, value));
      made.value = isOpen ? value : within;
      input.value = isLog ? Math.log10(within) : within;
      show();
    };
    made.set(isOpen ? get(key, start, -Infinity, Infinity, { root }) : get(key, start, low, high, { root, step: Number.isInteger(step) ? step : 0 }));
    input.addEventListener("input", () => {
      const given = Number(input.value);
      made.value = isLog ? Number((10 ** given).toPrecision(2)) : given;
      show();
      put(key, made.value);
      on(made.value);
    });
    input.addEventListener("change", () => end());
    return made;
  };

  const choice = (root, key, { start, on = () => {} }) => {
    const inputs = [...root.querySelectorAll(`[data-choice="${key}"] input`)], given = settings.get(key);
    const isKnown = inputs.some((one) => one.value === given), made = { value: isKnown ? given : String(start) };
    if (given !== null && !isKnown) refuse(root, say("teach_page.not_a_choice", { name: key, given, value: made.value }), key, made.value);
    for (const one of inputs) {
      one.checked = one.value === made.value;
      one.addEventListener("change", () => {
        made.value = one.value;
        put(key, one.value);
        on(one.value);
      });
    }
    return made;
  };

  const check = (root, key, { start = false, on = () => {} }) => {
    const input = root.querySelector(`[data-check="${key}"]`), made = { value: Boolean(get(key, Number(start), 0, 1, { root, step: 1 })) };
    input.checked = made.value;
    input.addEventListener("change", () => {
      made.value = input.checked;
      put(key, Number(made.value));
      on(made.value);
    });
    return made;
  };

  whatsit.controls = { slider, choice, check };
}
