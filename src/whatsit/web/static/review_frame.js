// The page of a review inside a notebook: its transport is a port to review_widget.js, which asks the kernel.
"use strict";
{
  const LONG = 8000; // milliseconds without a word from the kernel
  const KEPT = 500; // pictures in memory

  const transport = (port) => {
    const waiting = new Map(), known = new Map();
    let count = 0, wanted = [], silence;
    const listen = () => { silence ??= setTimeout(() => whatsit.toast(whatsit.say("review_widget.late"), "bad"), LONG); };
    port.onmessage = ({ data: { id, ...answer } }) => {
      clearTimeout(silence);
      silence = undefined;
      waiting.get(id)?.(answer);
      waiting.delete(id);
      if (waiting.size) listen();
    };
    const send = (verb, values) => new Promise((resolve) => {
      waiting.set(++count, resolve);
      port.postMessage({ id: count, verb, values });
      listen();
    });
    const ask = async (verb, values = {}) => {
      const { answer, error } = await send(verb, values);
      if (error !== undefined) throw new Error(error);
      return answer;
    };

    // Pictures that are asked for in one go come in one message.
    const address = (bytes) => new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.readAsDataURL(new Blob([bytes], { type: "image/jpeg" }));
    });
    const fetchAll = async () => {
      const some = wanted;
      wanted = [];
      const { buffers = [] } = await send("pictures", { wanted: some.map(({ content, size }) => [content, size]) });
      some.forEach(async ({ content, size, done }, place) => {
        const found = await address(buffers[place] ?? "");
        if (buffers[place]?.byteLength) known.set(`${content} ${size}`, found);
        if (known.size > KEPT) known.delete(known.keys().next().value);
        done(found);
      });
    };
    const picture = (content, size) => {
      const found = known.get(`${content} ${size}`);
      if (found) return Promise.resolve(found);
      if (!wanted.length) setTimeout(fetchAll);
      return new Promise((done) => { wanted.push({ content, size, done }); });
    };
    return { ask, picture };
  };

  window.addEventListener("message", ({ source, ports: [port] }) => {
    if (source === window.parent && port) whatsit.review(document.getElementById("main"), transport(port));
  });
}
