/** Of `<boxcar-player>`, in its shadow tree: pages change it by the custom properties and the parts that docs/preview.md names. */
export const STYLE = `
:host { display: block; position: relative; background: #000; color: #fff; overflow: hidden;
  font: 14px/1.4 system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", sans-serif;
  font-variant-numeric: tabular-nums; --accent: var(--boxcar-accent, #7aa2ff); }
:host(:focus-visible) { outline: 2px solid var(--accent); outline-offset: 2px; }
:host([hidden]) { display: none; }
video { display: block; width: 100%; height: 100%; aspect-ratio: var(--boxcar-aspect-ratio, 16 / 9); max-height: inherit; }
.clock, .gap, .error { position: absolute; left: 12px; padding: 2px 8px; border-radius: 6px; background: rgb(0 0 0 / 70%); }
.clock { top: 10px; }
.gap, .error { top: 42px; max-width: calc(100% - 40px); }
.clock:empty, .gap:empty, .error:empty { display: none; }
.bar { display: none; gap: 4px; align-items: center; padding: 6px 8px; background: #14181f; }
:host([controls]) .bar { display: flex; flex-wrap: wrap; }
:host([controls]) video { height: auto; }
button, select { font: inherit; color: inherit; min-width: 36px; min-height: 36px; border: 0; border-radius: 8px; background: none; cursor: pointer; }
select { background: #14181f; }
button:hover, select:hover { background: #2a313c; }
button[aria-pressed="true"] { color: var(--accent); }
button:focus-visible, select:focus-visible, input:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
svg { width: 18px; height: 18px; fill: currentColor; vertical-align: -4px; }
.track { position: relative; flex: 1 0 100%; height: 22px; }
.track canvas { position: absolute; inset: 8px 0; width: 100%; height: 6px; border-radius: 3px; }
.track input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; appearance: none; background: none; cursor: pointer; }
input::-webkit-slider-thumb { appearance: none; width: 14px; height: 14px; border-radius: 50%; background: #fff; }
input::-moz-range-thumb { width: 14px; height: 14px; border: 0; border-radius: 50%; background: #fff; }
.space { flex: 1; }
`;
