'use strict';
document.body.classList.add('js');
const value = (row, i) => { const c = row.cells[i]; return c.dataset.v === undefined ? c.textContent.trim() : Number(c.dataset.v); };
const sort = (table, i, th) => {
  const down = th.getAttribute('aria-sort') === 'ascending';
  const rows = [...table.tBodies[0].rows].map((r) => [value(r, i), r]);
  rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
  table.tBodies[0].append(...rows.map(([, r]) => r));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
  th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
};
for (const table of document.querySelectorAll('#table, .sortable'))
  [...table.tHead.rows[0].cells].forEach((th, i) => {
    th.tabIndex = 0;
    th.addEventListener('click', () => sort(table, i, th));
    th.addEventListener('keydown', (e) => { if (e.key === 'Enter') sort(table, i, th); });
  });
const search = document.getElementById('search'), status = document.getElementById('status'), shown = document.getElementById('shown');
const filter = () => {
  const text = search.value.toLowerCase().trim();
  const rows = [...document.getElementById('table').tBodies[0].rows];
  let n = 0;
  for (const row of rows) {
    row.hidden = !row.dataset.text.toLowerCase().includes(text) || (status.value !== '' && row.dataset.status !== status.value);
    document.getElementById(row.querySelector('a').hash.slice(1)).hidden = row.hidden;
    n += !row.hidden;
  }
  shown.textContent = n === rows.length ? '' : `${n} of ${rows.length}`;
};
search.addEventListener('input', filter);
status.addEventListener('change', filter);
addEventListener('beforeprint', () => { for (const d of document.querySelectorAll('.entry > details')) d.open = true; });
const reveal = () => { for (let e = location.hash && document.getElementById(location.hash.slice(1)); e; e = e.parentElement) if (e.tagName === 'DETAILS') e.open = true; };
addEventListener('hashchange', reveal);
reveal();
