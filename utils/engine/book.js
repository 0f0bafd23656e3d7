/* Formulas that are wider than the page scroll inside of themselves, also by the keyboard. */
function fit() {
  for (const formula of document.querySelectorAll("mjx-container")) {
    formula.classList.remove("wide");
    const room = formula.parentElement.closest("p, div, li, td, dd")?.clientWidth ?? 0;
    const wide = room > 0 && formula.firstElementChild.getBoundingClientRect().width > room;
    formula.classList.toggle("wide", wide);
    wide ? formula.setAttribute("tabindex", "0") : formula.removeAttribute("tabindex");
  }
}
window.addEventListener("load", () => {
  window.MathJax?.startup?.promise?.then(fit);
  window.addEventListener("resize", fit);
  document.addEventListener("toggle", fit, true);
});
