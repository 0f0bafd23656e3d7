// Cells that are run while the kernel of a notebook is still asked for wait for it. JupyterLab 4.6 drops them without a
// word: CodeCell.execute returns when the session has no kernel yet, and every later cell then meets a NameError.
(() => {
  let shared;

  async function activate() {
    const versions = Object.values(shared["@jupyterlab/cells"]);
    const { CodeCell } = (await versions[0].get())();
    const execute = CodeCell.execute;
    CodeCell.execute = async (cell, context, ...rest) => {
      if (!context.session?.kernel && !context.isReady && !context.isDisposed) {
        cell.setPrompt("*");
        await context.ready;
      }
      return execute.call(CodeCell, cell, context, ...rest);
    };
  }

  const plugin = { id: "bootcamp-patience:plugin", autoStart: true, activate };
  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["bootcamp-patience"] = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => () => ({ __esModule: true, default: plugin }),
  };
})();
