// whatsit.say(code, {count: 3}): a message of the page, put into words as i18n/message.py does: change both together.
"use strict";
{
  const whatsit = (window.whatsit ??= {});
  const { lang, messages } = JSON.parse(document.getElementById("messages").textContent);
  const isChinese = lang === "zh";
  const grouped = (text) => text.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));

  // JavaScript rounds 0.5 up, Python to the even neighbor. Only exact halves differ, and a hundred digits are exact.
  const toEven = (text, exact) => {
    const rest = exact.slice(text.length).replace(/^\./, "");
    return /^50*$/.test(rest) && /[13579]$/.test(text) ? text.slice(0, -1) + (text.at(-1) - 1) : text;
  };
  const fixed = (value, digits) => toEven(value.toFixed(digits), value.toFixed(100));
  const exponent = (value, digits) => {
    const [text, power] = value.toExponential(digits).split("e");
    const [exact, sameUnlessCarried] = value.toExponential(100).split("e");
    return [power === sameUnlessCarried ? toEven(text, exact) : text, Number(power)];
  };
  const withPower = (text, power) => `${text}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  const general = (value, digits) => {
    const short = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    const [text, power] = exponent(value, digits - 1);
    return power < -4 || power >= digits ? withPower(short(text), power) : short(fixed(value, digits - 1 - power));
  };
  // Three digits of a number of any size, as in whatsit.text.
  const ofAnySize = (value) => {
    if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "-∞" : "–";
    const rounded = Number(withPower(...exponent(value, 2))), size = Math.abs(rounded);
    if (rounded === 0 || (size >= 1e-4 && size < 1e6)) return size >= 1000 ? grouped(rounded.toFixed(0)) : general(rounded, 3);
    const [digits, power] = rounded.toExponential().split("e");
    return `${digits} × 10${power.replace("+", "").replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])}`;
  };
  const number = (value, spec) => {
    if (spec === "size") return ofAnySize(value);
    if (spec === "rate") return general(value, 2).replace("e-0", "e-"); // a learning rate, as in whatsit.text
    const [, sign, comma, digits, kind] = /^(\+?)(,?)(?:\.(\d+))?([fge%]?)$/.exec(spec);
    const places = Number(digits ?? 6);
    const text = {
      "": () => String(value),
      f: () => fixed(value, places),
      g: () => general(value, places || 1),
      e: () => withPower(...exponent(value, places)),
      "%": () => `${fixed(100 * value, places)}%`,
    }[kind]();
    return (sign && !text.startsWith("-") ? "+" : "") + (comma ? grouped(text) : text);
  };

  const put = (value, spec) => {
    if (Array.isArray(value)) return value.map((one) => put(one, spec)).join(isChinese ? "、" : ", ");
    if (value !== null && typeof value === "object") return spec === "next" ? whole(value) : part(value, "what");
    if (spec.includes("|")) {
      const forms = spec.split("|"), word = value === 1 ? forms.at(-2) : forms.at(-1);
      return forms.length > 2 ? word : `${grouped(String(value))} ${word}`;
    }
    return typeof value === "number" ? number(value, spec) : String(value);
  };
  const part = ({ code, values = {}, text }, name) => {
    const entry = messages[code];
    if (entry === undefined) return name === "what" ? (text ?? code) : "";
    const template = typeof entry === "string" ? (name === "what" ? entry : "") : (entry[name] ?? "");
    return template.replace(/\{\{|\}\}|\{(\w+)(?::([^}]*))?\}/g, (found, key, spec = "") => (key ? put(values[key], spec) : found[0]));
  };
  const whole = (message) => [part(message, "what"), part(message, "next")].filter(Boolean).join(isChinese ? "" : " ");

  whatsit.ofAnySize = ofAnySize;
  whatsit.say = (code, values) => whole({ code, values });
  whatsit.text = whole; // of a message as the server sends it: {code, values, text}
}
