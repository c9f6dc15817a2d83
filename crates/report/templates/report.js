"use strict";

// The confusion matrix on its canvas.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const holder = document.getElementById("confusion-matrix");
  const canvas = holder.querySelector("canvas");
  const outline = document.getElementById("confusion-cell");
  const tooltip = document.getElementById("confusion-tooltip");
  const choice = document.getElementById("confusion-view");
  let drawn = null;

  // Names in the order of rows and columns, counts[row][column], and the rows before which a group begins.
  function view(kind) {
    const groups = data.superclasses;
    const order = data.classes.map((_, index) => index);
    if (kind === "grouped") {
      order.sort((a, b) => groups.of_class[a] - groups.of_class[b] || a - b);
    }
    const names = kind === "superclasses" ? groups.names : order.map((index) => data.classes[index]);
    const place = [];
    order.forEach((index, position) => { place[index] = position; });
    const row = kind === "superclasses" ? (index) => groups.of_class[index] : (index) => place[index];
    const counts = names.map(() => new Array(names.length).fill(0));
    for (const [label, predicted, images] of data.confusion) {
      counts[row(label)][row(predicted)] += images;
    }
    const starts = kind === "grouped"
      ? order.flatMap((index, position) =>
        position > 0 && groups.of_class[index] !== groups.of_class[order[position - 1]] ? [position] : [])
      : [];
    return { names, counts, totals: counts.map((r) => r.reduce((sum, n) => sum + n, 0)), starts };
  }

  function draw() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const { names, counts, totals, starts } = view(choice ? choice.value : "classes");
    const n = names.length;
    const context = canvas.getContext("2d");

    // Names take room from the cells, so their size is settled first.
    // On paper the style sheet fits the canvas to the page, names and all.
    const printing = document.documentElement.classList.contains("printing");
    const width = printing ? 1130 : Math.max(320, Math.min(holder.clientWidth, 1130));
    const guess = (width - 120) / Math.max(n, 1);
    const named = guess >= 7;
    const size = Math.max(7, Math.min(13, Math.floor(guess) - 1));
    const font = `${size}px system-ui, sans-serif`;
    context.font = font;
    const longest = names.map((name) => context.measureText(name).width).reduce((a, b) => Math.max(a, b), 0);
    const margin = named ? Math.min(170, Math.ceil(longest) + 8) : 8;
    const cell = Math.max(2, Math.min(64, Math.floor((width - margin - 4) / Math.max(n, 1))));
    const side = cell * n;

    const scale = window.devicePixelRatio || 1;
    canvas.style.width = `${margin + side + 4}px`;
    canvas.style.height = `${side + margin + 4}px`;
    canvas.width = (margin + side + 4) * scale;
    canvas.height = (side + margin + 4) * scale;
    context.setTransform(scale, 0, 0, scale, 0, 0);

    context.fillStyle = colour("--panel");
    context.fillRect(margin, 0, side, side);
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < n; column++) {
        if (counts[row][column] === 0) continue;
        // The square root makes the few images off the diagonal visible.
        context.globalAlpha = Math.max(0.08, Math.sqrt(counts[row][column] / totals[row]));
        context.fillStyle = colour(row === column ? "--right-cell" : "--wrong-cell");
        context.fillRect(margin + column * cell, row * cell, cell, cell);
      }
    }
    context.globalAlpha = 1;
    context.fillStyle = colour("--line");
    const every = cell >= 16 ? 1 : 10;
    const lines = starts.length > 0 ? starts : names.map((_, index) => index).filter((i) => i % every === 0);
    for (const index of [0, ...lines, n]) {
      context.fillRect(margin, index * cell, side, 1);
      context.fillRect(margin + index * cell, 0, 1, side);
    }

    context.font = font;
    context.textBaseline = "middle";
    if (cell >= 26) {
      context.textAlign = "center";
      for (let row = 0; row < n; row++) {
        for (let column = 0; column < n; column++) {
          const count = counts[row][column];
          if (count === 0) continue;
          context.fillStyle = colour(Math.sqrt(count / totals[row]) > 0.6 ? "--page" : "--ink");
          context.fillText(count, margin + (column + 0.5) * cell, (row + 0.5) * cell, cell - 2);
        }
      }
    }
    if (named) {
      context.fillStyle = colour("--ink");
      context.textAlign = "right";
      names.forEach((name, index) => {
        context.fillText(name, margin - 5, (index + 0.5) * cell, margin - 8);
        context.save();
        context.translate(margin + (index + 0.5) * cell, side + 5);
        context.rotate(-Math.PI / 2);
        context.fillText(name, 0, 0, margin - 8);
        context.restore();
      });
    }
    drawn = { names, counts, totals, cell, margin, n };
    hide();
  }

  function hide() {
    outline.hidden = tooltip.hidden = true;
  }

  function point(event) {
    const { names, counts, totals, cell, margin, n } = drawn;
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - margin) / cell);
    const row = Math.floor((event.clientY - box.top) / cell);
    if (row < 0 || column < 0 || row >= n || column >= n) return hide();
    const count = counts[row][column];
    const share = totals[row] > 0 ? ` (${(100 * count / totals[row]).toFixed(1)} % of ${totals[row]})` : "";
    tooltip.textContent = row === column
      ? `${names[row]}: right\n${count} images${share}`
      : `${names[row]} taken for ${names[column]}\n${count} images${share}`;
    outline.hidden = tooltip.hidden = false;
    const x = margin + column * cell;
    Object.assign(outline.style, { left: `${x}px`, top: `${row * cell}px`, width: `${cell}px`, height: `${cell}px` });
    const right = Math.min(x + cell + 8, Math.max(0, canvas.clientWidth - tooltip.offsetWidth));
    const below = row * cell + cell + 8;
    const fits = below + tooltip.offsetHeight <= canvas.clientHeight;
    tooltip.style.left = `${right}px`;
    tooltip.style.top = `${fits ? below : row * cell - tooltip.offsetHeight - 8}px`;
  }

  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("pointerdown", point);
  canvas.addEventListener("pointerleave", hide);
  if (choice) choice.addEventListener("change", draw);
  window.addEventListener("resize", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  for (const [event, printing] of [["beforeprint", true], ["afterprint", false]]) {
    window.addEventListener(event, () => {
      document.documentElement.classList.toggle("printing", printing);
      draw();
    });
  }
  draw();
})();

// The table of classes: sorted by a click on a column, filtered by a name.
(() => {
  const table = document.getElementById("class-table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const filter = document.getElementById("class-filter");
  const count = document.getElementById("class-count");
  const headers = [...table.tHead.rows[0].cells];

  function value(row, column) {
    const cell = row.cells[column];
    if (!headers[column].classList.contains("number")) return cell.textContent.trim();
    return Number(cell.dataset.value ?? cell.textContent);
  }

  function sort(column) {
    const header = headers[column];
    const ascending = header.getAttribute("aria-sort") !== "ascending";
    for (const other of headers) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const compare = (a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      return typeof x === "number" ? x - y : x.localeCompare(y, undefined, { numeric: true });
    };
    rows.sort((a, b) => (ascending ? compare(a, b) : compare(b, a)));
    body.append(...rows);
  }

  function show() {
    const wanted = filter.value.trim().toLowerCase();
    const names = headers.length > 6 ? 2 : 1; // class and, where there are any, superclass
    let shown = 0;
    for (const row of rows) {
      const text = [...row.cells].slice(0, names).map((cell) => cell.textContent.toLowerCase());
      row.hidden = !text.some((name) => name.includes(wanted));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} of ${rows.length}`;
  }

  headers.forEach((header, column) => header.querySelector("button").addEventListener("click", () => sort(column)));
  filter.addEventListener("input", show);
  show();
})();
