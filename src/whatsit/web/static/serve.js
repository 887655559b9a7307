// The page of a served classifier: asks without leaving the page. Without it, the form does the same.
"use strict";
{
  const one = (query, inside = document) => inside.querySelector(query);
  const form = one("#ask"), answer = one("#answer"), working = one("#working"), drop = one("#drop");
  const camera = one("#camera"), video = one("video", camera), here = new URL(form.action).search;
  const MOST_TRIES = 5, LONGEST_WAIT = 8;
  let asked = 0, picture = null, stream = null;

  const reveal = (inside) => inside.querySelectorAll(".with-script").forEach((part) => { part.hidden = false; });
  const wait = (seconds) => new Promise((go) => setTimeout(go, 1000 * seconds));
  const note = (text) => {
    const part = document.createElement("p");
    part.className = "card problem";
    part.setAttribute("role", "alert");
    part.textContent = text;
    return part;
  };
  const say = (text) => answer.replaceChildren(note(text));
  const refuse = (text) => { // an answer that is still to come must not replace it
    asked++;
    working.hidden = true;
    say(text);
  };

  // What is not an answer of ours, but of a proxy before the server, is not shown.
  const read = async (response) => {
    const text = await response.text(), kind = response.headers.get("Content-Type") ?? "";
    if (kind.startsWith("text/html")) {
      const part = one("section.answer, section.problem", new DOMParser().parseFromString(text, "text/html"));
      if (part) return part;
    }
    return note(kind.startsWith("application/problem+json") ? JSON.parse(text).detail : whatsit.say("serve_script.failed"));
  };

  // A busy server says when to come back.
  const send = async (body, tries = 1) => {
    const response = await fetch(`./${here}&part=answer`, { method: "POST", body: body() });
    if (response.status !== 503 || tries === MOST_TRIES) return read(response);
    await wait(Math.min(LONGEST_WAIT, Number(response.headers.get("Retry-After") || 1)) * (0.5 + Math.random()));
    return send(body, tries + 1);
  };

  const ask = async (name, value) => {
    const turn = ++asked;
    picture = name === "file" ? value : null;
    working.hidden = false;
    const body = () => { const data = new FormData(); data.append(name, value); return data; };
    try {
      const found = await send(body);
      if (turn !== asked) return;
      answer.replaceChildren(found);
      reveal(answer);
      if (!picture) one(".wrong", answer)?.remove();
      answer.focus();
    } catch {
      if (turn === asked) say(whatsit.say("serve_script.failed"));
    }
    if (turn === asked) working.hidden = true;
  };

  const correct = async (sent) => {
    const data = new FormData(), button = one("button", sent);
    data.append("label", one("select", sent).value);
    data.append("file", picture);
    button.disabled = true;
    const response = await fetch("./inbox", { method: "POST", body: data }).catch(() => null);
    if (response?.ok) { sent.textContent = whatsit.say("serve_script.thanks"); return; }
    button.disabled = false;
    const problem = await response?.json().catch(() => null);
    one("p", sent).textContent = problem?.detail ?? whatsit.say("serve_script.failed");
  };

  const stop = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    camera.hidden = true;
  };
  const start = async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      camera.hidden = false;
      await video.play();
      one("[data-shoot]").focus();
    } catch {
      stop();
      say(whatsit.say("serve_script.no_camera"));
    }
  };
  const shoot = () => {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => { if (blob) ask("file", blob); }, "image/jpeg", 0.92);
  };

  document.documentElement.classList.add("scripted");
  reveal(document);
  const live = window.isSecureContext && navigator.mediaDevices;
  one("#live").hidden = !live;
  one("#no-live").hidden = Boolean(live);

  drop.addEventListener("pictures", ({ detail: [file] }) => {
    ask("file", file);
    form.reset(); // so that the same picture can be chosen again
  });
  drop.addEventListener("refused", (event) => {
    event.preventDefault();
    refuse(whatsit.say("web.not_picture", { name: event.detail.name }));
    form.reset();
  });
  one("[name=photo]").addEventListener("change", ({ target }) => {
    if (target.files.length) ask("file", target.files[0]);
    target.value = "";
  });
  drop.addEventListener("drop", ({ dataTransfer }) => { // a picture of another page comes as its address
    const [address] = dataTransfer.getData("text/uri-list").split("\n");
    if (!dataTransfer.files.length && address && one("#url")) ask("url", address.trim());
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const address = one("#url").value.trim();
    if (address) { ask("url", address); return; }
    refuse(whatsit.say("serve_script.no_address"));
    one("#url").focus();
  });
  one("#live").addEventListener("click", start);
  one("[data-shoot]").addEventListener("click", shoot);
  one("[data-stop]").addEventListener("click", stop);
  answer.addEventListener("input", (event) => {
    if (event.target.matches("[data-heat]")) one(".heat", answer).style.opacity = event.target.value / 100;
  });
  answer.addEventListener("submit", (event) => { event.preventDefault(); correct(event.target); });
}
