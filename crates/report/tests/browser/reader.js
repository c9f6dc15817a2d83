"use strict";
{
  const findings = {};
  const table = document.getElementById("class-table");
  const headers = [...table.tHead.rows[0].cells];
  const column = (name) => headers.findIndex((header) => header.textContent.trim() === name);
  const click = (name) => headers[column(name)].querySelector("button").click();
  const rows = () => [...table.tBodies[0].rows].filter((row) => row.offsetParent !== null);
  const accuracies = () => rows().map((row) => Number(row.cells[column("Accuracy")].dataset.value));
  const names = () => rows().map((row) => row.cells[0].textContent);

  click("Accuracy");
  findings.ascending = accuracies();
  click("Accuracy");
  findings.descending = accuracies();
  click("Class");
  findings.first_by_name = names()[0];

  const filter = document.getElementById("class-filter");
  const type = (text) => {
    filter.value = text;
    filter.dispatchEvent(new Event("input"));
  };
  type("CLASS_42");
  findings.filtered = names();
  type("group_7");
  findings.filtered_by_superclass = names();
  findings.count = document.getElementById("class-count").textContent;
  type("");
  findings.after_clearing = names().length;

  const canvas = document.querySelector("#confusion-matrix canvas");
  const outline = document.getElementById("confusion-cell");
  const tooltip = document.getElementById("confusion-tooltip");
  const move = (x, y) => {
    const box = canvas.getBoundingClientRect();
    canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x, clientY: box.top + y }));
  };
  const point = (row, column, of) => {
    // The outline of any cell tells the size of all; the names on the left take the rest but 4 pixels.
    move(canvas.clientWidth - 10, 10);
    const cell = parseFloat(outline.style.width);
    const margin = canvas.clientWidth - 4 - of * cell;
    move(margin + (column + 0.5) * cell, (row + 0.5) * cell);
    return tooltip.hidden ? "hidden" : tooltip.textContent;
  };
  findings.tooltip = point(3, 4, 100);
  const choice = document.getElementById("confusion-view");
  choice.value = "superclasses";
  choice.dispatchEvent(new Event("change"));
  findings.superclass_tooltip = point(3, 3, 20);

  const output = document.createElement("pre");
  output.id = "findings";
  output.textContent = JSON.stringify(findings);
  document.body.append(output);
}
