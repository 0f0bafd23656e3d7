// The file browser shows the labs first, in their order and with their numbers: "Lab 1: Intro_to_DL". The folders keep
// their names, which are imports and addresses. The changes are made before the first file browser is.
(() => {
  const LABS = ["Intro_to_DL", "Tropical_Cyclone", "CFD_Steady_Flow", "PINN_SimNet"];
  const place = (item) => (item.type === "directory" ? LABS.indexOf(item.name) : -1);
  const rank = (item) => (place(item) < 0 ? LABS.length : place(item));
  let shared;

  function inOrder({ DirListing }) {
    // What is drawn, chosen by a key and opened is all read from this list, so the order seen is the order walked.
    const kept = new WeakMap();
    Object.defineProperty(DirListing.prototype, "_sortedItems", {
      get() {
        return kept.get(this);
      },
      set(items) {
        kept.set(this, [...items].sort((one, other) => rank(one) - rank(other)));
      },
    });
  }

  function withNumbers({ DirListing }) {
    // The number is part of the text, the tooltip and the checkbox's label: for eyes and screen readers alike.
    const update = DirListing.Renderer.prototype.updateItemNode;
    DirListing.Renderer.prototype.updateItemNode = function (node, item, ...rest) {
      const number = place(item) + 1;
      const before = number ? `Lab ${number}: ` : "";
      const indices = item.indices?.map((index) => index + before.length); // letters that the filter has marked
      update.call(this, node, { ...item, name: before + item.name, indices }, ...rest);
    };
  }

  function withNumbersInThePath({ BreadCrumbs }) {
    // A crumb is opened by its data-path, not by its text.
    const update = BreadCrumbs.prototype.onUpdateRequest;
    BreadCrumbs.prototype.onUpdateRequest = function (message) {
      update.call(this, message);
      for (const crumb of this.node.querySelectorAll(".jp-BreadCrumbs-item")) {
        const number = LABS.indexOf(crumb.dataset.path) + 1;
        if (number) crumb.textContent = `Lab ${number}: ${crumb.dataset.path}`;
      }
    };
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["bootcamp-order"] = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      const versions = Object.values(shared["@jupyterlab/filebrowser"]);
      const browser = (await versions[0].get())();
      inOrder(browser);
      withNumbers(browser);
      withNumbersInThePath(browser);
      return () => ({ __esModule: true, default: { id: "bootcamp-order:plugin", autoStart: true, activate: () => {} } });
    },
  };
})();
