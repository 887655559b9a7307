// The transport of a review's own page: requests to the server that it comes from.
"use strict";
{
  const { say } = window.whatsit;
  const LARGE = 1280; // pixels of a picture that has an address
  const TOGETHER = 16; // small ones in an answer: requests cost more than pictures
  const KEPT = 1000; // of them in memory, of about 20 kB each
  const known = new Map();
  let wanted = [];

  const ask = async (verb, values = {}) => {
    const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(values) };
    const response = await fetch(`ask/${verb}${location.search}`, request).catch(() => null);
    const answer = await response?.json().catch(() => null);
    if (!response?.ok || !answer) throw new Error(answer?.detail ?? say("review_page.ended"));
    return answer;
  };

  const fetchSome = async (some) => {
    const contents = some.map(({ content }) => content);
    const { pictures } = await ask("thumbnails", { contents }).catch(() => ({ pictures: [] }));
    some.forEach(({ content, done }, place) => {
      if (pictures[place]) known.set(content, pictures[place]);
      if (known.size > KEPT) known.delete(known.keys().next().value);
      done(pictures[place] ?? "");
    });
  };
  const fetchAll = () => {
    while (wanted.length) fetchSome(wanted.splice(0, TOGETHER));
  };
  const picture = (content, size) => {
    if (size === LARGE) return Promise.resolve(`picture/${content}`);
    if (known.has(content)) return Promise.resolve(known.get(content));
    if (!wanted.length) setTimeout(fetchAll); // once all tiles have asked
    return new Promise((done) => { wanted.push({ content, done }); });
  };

  whatsit.review(document.getElementById("main"), { ask, picture });
}
