/* The report reads without this. With it: what is under the pointer says its numbers at once,
 * tables sort by a column, and experiments can be hidden. */
(function () {
  "use strict";
  var all = function (selector, from) {
    return Array.prototype.slice.call((from || document).querySelectorAll(selector));
  };

  /* Titles of drawings, shown without the browser's delay, on touch as well. */
  var tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  document.body.appendChild(tip);
  all("svg g > title").forEach(function (title) {
    var text = title.textContent, group = title.parentNode;
    group.removeChild(title);
    group.setAttribute("data-tip", text);
  });
  function show(event) {
    var at = event.target.closest && event.target.closest("[data-tip]");
    tip.hidden = !at;
    if (!at) return;
    tip.textContent = at.getAttribute("data-tip");
    var x = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8);
    var y = event.clientY - tip.offsetHeight - 12;
    tip.style.left = Math.max(4, x) + "px";
    tip.style.top = (y < 4 ? event.clientY + 18 : y) + "px";
  }
  document.addEventListener("pointermove", show);
  document.addEventListener("pointerdown", show);
  document.addEventListener("scroll", function () { tip.hidden = true; }, true);

  /* Tables: a click on a heading sorts, another one turns the order round. */
  function value(row, column) {
    var cell = row.cells[column], given = cell.getAttribute("data-value");
    var text = given !== null ? given : cell.textContent.replace(/,/g, "");
    var number = parseFloat(text);
    return isNaN(number) || /^[a-z]/i.test(text) ? text : number;
  }
  function compare(a, b) {
    if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
    return typeof a === "number" ? -1 : 1; /* what is no number comes last */
  }
  all("table.sort").forEach(function (table) {
    all("thead th", table).forEach(function (heading, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      heading.textContent = "";
      heading.appendChild(button);
      button.addEventListener("click", function () {
        var up = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        all("thead th", table).forEach(function (other) { other.removeAttribute("aria-sort"); });
        heading.setAttribute("aria-sort", up > 0 ? "ascending" : "descending");
        var body = table.tBodies[0];
        all("tr", body).sort(function (a, b) {
          return up * compare(value(a, column), value(b, column));
        }).forEach(function (row) { body.appendChild(row); });
      });
    });
  });

  /* Keys: a click hides an experiment in every drawing. */
  all("[data-toggle]").forEach(function (item) {
    var key = item.getAttribute("data-toggle"), button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    while (item.firstChild) button.appendChild(item.firstChild);
    item.appendChild(button);
    button.addEventListener("click", function () {
      var shown = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(shown));
      all("[data-key=" + key + "]").forEach(function (group) {
        group.style.display = shown ? "" : "none";
      });
    });
  });
})();
