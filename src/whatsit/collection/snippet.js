(() => {
  // Whatsit: saves the addresses of the pictures on a page of search results as urls_NAME.txt.
  const given = "NAME";
  const found = new Set();
  const add = (address) => {
    try {
      const url = new URL(address);
      const own = /(^|\.)(gstatic\.com|google\.[a-z.]+|bing\.(com|net)|duckduckgo\.com)$/;
      if (/^https?:$/.test(url.protocol) && !own.test(url.hostname)) found.add(url.href);
    } catch { /* it is not an address */ }
  };
  const decoded = (text) => {
    const escaped = text.replace(/\\x([0-9a-f]{2})/gi, "\\u00$1");
    try { return JSON.parse(`"${escaped}"`); } catch { return text; }
  };
  const readJson = (text) => {
    try { return JSON.parse(text); } catch { return null; }
  };
  const ways = [
    ["page data", () => {
      for (const script of document.querySelectorAll("script:not([src])")) {
        const text = script.textContent.replaceAll('\\"', '"');  // data may lie in a string
        for (const match of text.matchAll(/\[\s*"(https?:[^"\s]+)"\s*,\s*\d+\s*,\s*\d+/g)) add(decoded(match[1]));
        for (const match of text.matchAll(/"(?:murl|ou|imgurl)"\s*:\s*"(https?:[^"\s]+)"/g)) add(decoded(match[1]));
      }
      for (const one of document.querySelectorAll("[m]")) add(readJson(one.getAttribute("m"))?.murl ?? "");
      for (const one of document.querySelectorAll("[data-ou]")) add(one.dataset.ou);
    }],
    ["links", () => {
      for (const link of document.querySelectorAll("a[href]")) {
        const query = new URL(link.href, location.href).searchParams;
        for (const name of ["imgurl", "mediaurl", "iai"]) if (query.has(name)) add(query.get(name));
      }
    }],
    ["image addresses", () => {
      if (found.size) return;  // what follows are previews
      for (const image of document.querySelectorAll("img")) {
        const address = image.dataset.src || image.currentSrc || image.src;
        if (!/^https?:/.test(address)) continue;
        const original = new URL(address).searchParams.get("u");
        if (original) found.add(new URL(original, location.href).href);
        else if (Math.max(image.naturalWidth, image.width) >= 100) found.add(address);
      }
    }],
  ];
  const counts = ways.map(([name, collect]) => {
    const before = found.size;
    try { collect(); } catch (error) { console.warn(`Whatsit: ${name}: ${error}`); }
    return `${name} ${found.size - before}`;
  });
  if (!found.size) {
    alert("Whatsit found no picture here. Is this a page of image search results, and did they load?");
    return;
  }
  const box = document.querySelector("input[name=q], textarea[name=q]");
  const words = given || new URLSearchParams(location.search).get("q") || box?.value || "pictures";
  const name = words.replace(/[\\/:*?"<>|\s]+/g, " ").trim();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([[...found].join("\n") + "\n"], { type: "text/plain" }));
  link.download = `urls_${name}.txt`;
  document.body.append(link);
  link.click();
  link.remove();
  const previews = counts[counts.length - 1].endsWith(" 0") ? "" : " These are only previews: see docs/collect.md.";
  console.log(`Whatsit: ${found.size} addresses (${counts.join(", ")}) in ${link.download}.${previews}`);
})();
