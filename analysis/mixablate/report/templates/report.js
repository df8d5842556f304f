// What the page does beyond plain HTML: it sorts, filters and pages tables, opens the tables of the chosen scale, marks
// the section in view and shows unrounded numbers under the pointer. Without scripts every row and every scale is shown.
"use strict";
(() => {
  const FILTER_FROM = 8; // rows
  const PAGE = 50; // rows

  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // A row together with the rows that continue it.
  const groupsOf = (body) => {
    const groups = [];
    for (const row of body.rows) {
      if (row.classList.contains("follows") && groups.length) groups.at(-1).push(row);
      else groups.push([row]);
    }
    return groups;
  };

  const numberOf = (cell) => {
    const { value, lower, upper } = cell.dataset;
    const known = value ?? lower ?? upper;
    return known === undefined ? NaN : Number(known);
  };

  // Numbers by size and words by the alphabet; cells that say nothing stand last whichever way is up.
  const compare = (column, sign) => ([left], [right]) => {
    const [a, b] = [left.cells[column], right.cells[column]];
    const [x, y] = [numberOf(a), numberOf(b)];
    if (!Number.isNaN(x) && !Number.isNaN(y)) return sign * (x - y);
    if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
    return sign * a.textContent.localeCompare(b.textContent, document.documentElement.lang, { numeric: true });
  };

  const enliven = (table) => {
    const body = table.tBodies[0];
    const groups = groupsOf(body);
    if (groups.length < 2) return;
    const words = groups.map((rows) => rows.map((row) => row.textContent).join(" ").toLowerCase());
    const state = { column: -1, sign: 0, query: "", from: 0, all: groups.length <= PAGE };
    const heads = [...table.tHead.rows[0].cells];
    const said = make("output", {});
    const back = make("button", { type: "button" }, "Previous rows");
    const on = make("button", { type: "button" }, "Next rows");
    const whole = make("button", { type: "button" }, "All rows");

    const show = () => {
      let found = groups.filter((_, i) => words[i].includes(state.query));
      if (state.sign) found = found.toSorted(compare(state.column, state.sign));
      const count = state.all ? found.length : PAGE;
      state.from = Math.max(0, Math.min(state.from, found.length - 1));
      const shown = new Set(found.slice(state.from, state.from + count));
      const kept = new Set(found);
      for (const rows of [...found, ...groups.filter((rows) => !kept.has(rows))]) {
        for (const row of rows) {
          row.hidden = !kept.has(rows);
          row.classList.toggle("paged", kept.has(rows) && !shown.has(rows));
        }
        body.append(...rows);
      }
      const part = shown.size < found.length ? `${state.from + 1}\u2013${state.from + shown.size} of ` : "";
      const total = state.query ? `${found.length} of ${groups.length}` : `${groups.length}`;
      said.textContent = part || state.query ? `Rows ${part}${total}` : "";
      back.disabled = state.from === 0;
      on.disabled = state.from + shown.size >= found.length;
      for (const button of [back, on, whole]) button.hidden = state.all || found.length <= PAGE;
    };

    const sort = (column) => {
      const again = state.column === column ? { 0: 1, 1: -1, "-1": 0 }[state.sign] : 1;
      Object.assign(state, { column, sign: again, from: 0 });
      heads.forEach((head, i) => {
        if (i === column && again) head.setAttribute("aria-sort", again > 0 ? "ascending" : "descending");
        else head.removeAttribute("aria-sort");
      });
      show();
    };

    heads.forEach((head, column) => {
      if (head.querySelector(".long")) return;
      const button = make("button", { type: "button", class: "sort" }, ...head.childNodes);
      button.addEventListener("click", () => sort(column));
      head.append(button);
    });
    if (groups.length > FILTER_FROM) {
      const field = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
      field.addEventListener("input", () => {
        Object.assign(state, { query: field.value.trim().toLowerCase(), from: 0 });
        show();
      });
      back.addEventListener("click", () => { state.from -= PAGE; show(); });
      on.addEventListener("click", () => { state.from += PAGE; show(); });
      whole.addEventListener("click", () => { Object.assign(state, { all: true, from: 0 }); show(); });
      const caption = table.caption.textContent.trim();
      const tools = make("div", { class: "tools", role: "group", "aria-label": `Rows of: ${caption}` });
      tools.append(make("label", {}, "Filter rows ", field), back, on, whole, said);
      if (table.closest("details")) table.closest(".scroll").before(tools); // there the caption is the summary's
      else table.caption.append(tools);
      show();
    }
  };

  const switchScale = (chosen) => {
    for (const folded of document.querySelectorAll("details[data-unfolds]")) folded.open = folded.dataset.scale === chosen;
  };

  const markSection = () => {
    const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
    const list = document.querySelector(".contents ol");
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        for (const link of links.values()) link.removeAttribute("aria-current");
        const link = links.get(target.id);
        link.setAttribute("aria-current", "true");
        if (list.scrollWidth > list.clientWidth) list.scrollLeft = link.offsetLeft - list.clientWidth / 2;
      }
    }, { rootMargin: "-20% 0px -75% 0px" });
    for (const section of document.querySelectorAll("main > section")) observer.observe(section);
  };

  // The number a cell rounds, in the unit it is stored in, shown when the pointer rests on it.
  const showUnrounded = ({ target }) => {
    const cell = target instanceof Element && target.closest("td, th");
    if (!cell || cell.title) return;
    const known = ["value", "lower", "upper"].filter((name) => cell.dataset[name] !== undefined);
    if (known.length) cell.title = `Unrounded: ${known.map((name) => `${name} ${cell.dataset[name]}`).join(", ")}`;
  };

  document.querySelectorAll("table").forEach(enliven);
  const scales = [...document.querySelectorAll("input[name=scale]")];
  for (const radio of scales) radio.addEventListener("change", () => switchScale(radio.value));
  const first = scales.find((radio) => radio.value === "difference");
  if (first) first.checked = true;
  const folded = [...document.querySelectorAll("main details")];
  const unfold = document.querySelector("#unfold");
  if (folded.length) {
    unfold.hidden = false;
    unfold.addEventListener("click", () => {
      const open = folded.some((table) => !table.open);
      for (const table of folded) table.open = open;
      unfold.textContent = open ? "Fold tables" : "Unfold all tables";
    });
  }
  document.addEventListener("pointerover", showUnrounded);
  markSection();
})();
