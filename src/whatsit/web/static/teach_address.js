// whatsit.address: the settings of the course, which the address keeps, to be shared: { settings, put, get, refuse, write }.
"use strict";
{
  const whatsit = (window.whatsit ??= {});
  const { say } = whatsit;

  // The address: #step=3&lr=0.1. A link to another step keeps the settings.
  const settings = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  let writing;
  const write = () => {
    writing = undefined;
    try {
      history.replaceState(null, "", `#${settings}`);
    } catch { /* a page without an address, or too many changes in a moment: the next one writes it */ }
  };
  const put = (name, value) => {
    settings.set(name, typeof value === "number" ? Number(value.toPrecision(6)) : value);
    writing ??= setTimeout(write, 250);
  };
  // What the address asks for and can't have is said in words, in the step that it is about.
  const refuse = (root, words, name, value) => {
    const said = document.createElement("p");
    said.className = "warn";
    said.setAttribute("role", "alert");
    said.textContent = words;
    (root?.querySelector(".step-head") ?? document.querySelector(".opening > div")).append(said);
    put(name, value);
  };
  const get = (name, otherwise, low = -Infinity, high = Infinity, { root = null, step = 0 } = {}) => {
    const given = settings.get(name);
    if (given === null) return otherwise;
    const found = given.trim() === "" ? NaN : Number(given), isNumber = Number.isFinite(found);
    if (isNumber && found >= low && found <= high) {
      const whole = step ? low + step * Math.round((found - low) / step) : found;
      if (whole !== found) refuse(root, say("teach_page.between", { name, given, value: whole }), name, whole);
      return whole;
    }
    const value = isNumber ? Math.min(high, Math.max(low, found)) : otherwise;
    const words = Number.isFinite(low + high) ? say("teach_page.not_in_range", { name, given, low, high, value }) : say("teach_page.not_number", { name, given, value });
    refuse(root, words, name, value);
    return value;
  };

  whatsit.address = { settings, put, get, refuse, write };
}
