/** Light and dark, by what the reader's system says; contrasts are at least 4.5 to 1 (WCAG 2.2). */
export const style = `
:root { color-scheme: light dark; --page: #fbfbfa; --card: #fff; --text: #1c2024; --dim: #555d66;
  --line: #d9dde1; --fresh: #1f7a4d; --stale: #c98a1b; --good: #17643e; --warn: #855400; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171a; --card: #1d2125; --text: #e8eaed; --dim: #a7b0b9; --line: #353b41;
    --fresh: #3fae78; --stale: #d9a441; --good: #6fd3a0; --warn: #f0bf62; --bad: #ff9a8f; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 72rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1.05rem; margin: 0 0 .5rem; }
header p, footer p, dt, th { color: var(--dim); }
article { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: 1rem 1.25rem; margin: 0 0 1rem; }
dl { display: flex; flex-wrap: wrap; gap: .25rem 2rem; margin: 0 0 .75rem; }
dl div { display: flex; gap: .5rem; min-width: 0; } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
dt { white-space: nowrap; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } .wide:focus-visible { outline: 2px solid currentColor; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem 1rem .35rem 0; border-top: 1px solid var(--line);
  white-space: nowrap; }
th { font-weight: 500; border-top: 0; }
.life { display: block; width: 12rem; height: .8rem; border-radius: .2rem; }
.life .fresh { fill: var(--fresh); } .life .stale { fill: var(--stale); } .life .now { fill: var(--text); }
.key { border-bottom: .25rem solid; } .key.fresh { border-color: var(--fresh); }
.key.stale { border-color: var(--stale); }
.state { font-size: .85rem; font-weight: 500; border: 1px solid; border-radius: 1rem; padding: 0 .6rem;
  margin-left: .5rem; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
`
