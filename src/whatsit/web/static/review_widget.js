// The review in a notebook: anywidget loads this module. It shows the page in a frame without any rights, apart from the
// notebook's styles and keys, and carries messages between it and the kernel. review_frame.js is at the other end.
const newKey = () => crypto.getRandomValues(new Uint32Array(2)).join("-"); // all views of a widget hear all answers

export default {
  render({ model, el }) {
    const box = document.createElement("div"), frame = document.createElement("iframe"), notice = document.createElement("p");
    let view = newKey(), port;

    const hear = ({ view: of, page, ...answer }, buffers) => {
      if (of !== view) return;
      if (page === undefined) { port.postMessage({ ...answer, buffers }); return; }
      frame.srcdoc = page;
      box.replaceChildren(frame);
    };
    const connect = () => { // and again, where a notebook moves the frame, which loads anew
      const { port1, port2 } = new MessageChannel();
      view = newKey();
      port = port1;
      port.onmessage = ({ data }) => model.send({ view, ...data });
      frame.contentWindow.postMessage("port", "*", [port2]);
    };
    const paint = () => {
      const isLight = document.body.dataset.jpThemeLight; // Jupyter's, which may not be the system's
      frame.style.colorScheme = { true: "light", false: "dark" }[isLight] ?? "";
    };

    const theme = new MutationObserver(paint);
    theme.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
    paint();
    frame.sandbox = "allow-scripts";
    frame.title = model.get("_title");
    frame.addEventListener("load", connect);
    notice.textContent = model.get("_loading");
    box.className = "whatsit-review";
    box.append(notice);
    el.append(box);
    model.on("msg:custom", hear);
    model.send({ view, verb: "page" });
    return () => {
      theme.disconnect();
      model.off("msg:custom", hear);
    };
  },
};
