-- The head of the page, its style, its title

\qecho '<!DOCTYPE html>'
\qecho '<html xmlns="http://www.w3.org/1999/xhtml" lang="en">'
\qecho '<head>'
\qecho '<meta charset="utf-8"/>'
\qecho '<meta name="generator" content="retention report"/>'
\qecho '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
\qecho '<meta name="color-scheme" content="light dark"/>'
SELECT format('<title>%s</title>', :'title_html');
SELECT $css$<style>
:root { color-scheme: light; --page: #fff; --ink: #16212c; --soft: #4a5a6a; --edge: #d3dbe3; --grid: #dfe5eb; --link: #1d4f87;
  --most: #1d4f87; --new: #74acdf; --back: #cfe3f5; --lost: #bf5b12; --less: #eec29c; --mild: #d5dce3; --band: #c8d5e3; --outline: #6f8296;
  --all: #e9edf1; --open: #f4f6f8; --hatch: #e1e7ed; }
@media screen and (prefers-color-scheme: dark) {
  :root { color-scheme: dark; --page: #10171f; --ink: #e6edf3; --soft: #a7b4c1; --edge: #34414e; --grid: #26313c; --link: #8cc0f2;
    --most: #8cc0f2; --new: #3f7fbd; --back: #1f4468; --lost: #e28a43; --less: #7a4a22; --mild: #3a4754; --band: #2c4560; --outline: #8293a5;
    --all: #25303b; --open: #19222b; --hatch: #2a3641; }
}
html { -webkit-print-color-adjust: exact; print-color-adjust: exact; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; }
main { max-width: 1140px; margin: 0 auto; padding: 32px 40px; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 4px; font-size: 20px; line-height: 1.25; }
p { margin: 0; overflow-wrap: break-word; }
.hint, .about { color: var(--soft); max-width: 62em; }
.hint { margin-bottom: 12px; }
section { margin-top: 44px; break-inside: avoid; }
h2, .hint, .legend { break-after: avoid; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; }
header + .tiles { margin-top: 24px; }
.equation { display: flex; align-items: stretch; gap: 10px; flex-wrap: wrap; }
.equation .tile { flex: 1 1 170px; }
.equation i { align-self: center; font-style: normal; font-size: 24px; color: var(--soft); }
.tile { min-width: 0; border: 1px solid var(--edge); border-top: 3px solid var(--most); border-radius: 4px;
  padding: 10px 12px 12px; }
.tile b { display: block; font-size: 26px; line-height: 36px; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.tile .long { font-size: 20px; }
.tile .longer { font-size: 17px; }
.tile .longest { font-size: 14px; }
.tile em { font-style: normal; font-size: 16px; }
.tile span { display: block; font-size: 13px; }
.tile small { display: block; font-size: 12px; line-height: 1.35; color: var(--soft); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 22px; align-items: center; margin: 0 0 8px; font-size: 13px; }
.gap { margin-top: 14px; }
.legend span { display: inline-flex; align-items: center; gap: 7px; }
.legend i { width: 15px; height: 15px; border-radius: 2px; box-shadow: inset 0 0 0 1px var(--outline); }
.legend .ramp i { width: 17px; margin-right: -7px; border-radius: 0; box-shadow: none; }
.legend .ramp i:last-of-type { margin-right: 0; }
.legend .dash { height: 0; border-top: 2px dashed var(--lost); border-radius: 0; box-shadow: none; }
.scroll { overflow-x: auto; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
.heat { width: 100%; table-layout: fixed; border-spacing: 1px; font-size: 13px; line-height: 20px; }
.heat tr { break-inside: avoid; }
.heat td { padding: 0; text-align: center; }
.heat th { padding: 0 8px 0 0; font-weight: 400; text-align: center; white-space: nowrap; }
.heat thead th { color: var(--soft); padding: 0; vertical-align: bottom; }
.heat tbody th, .heat tfoot th, .left { text-align: left !important; }
.heat tbody th, .heat tfoot th, .heat thead th.left { position: sticky; left: 0; background: var(--page); }
.heat td.size { text-align: right; padding-right: 9px; }
.heat tfoot th, .heat tfoot td { font-weight: 700; }
.heat tfoot { display: table-row-group; }
.heat .all { background: var(--all); color: var(--soft); }
.open { background: var(--open) repeating-linear-gradient(135deg, transparent 0 3px, var(--hatch) 3px 4px); color: var(--soft);
  font-style: italic; }
details { margin-top: 10px; font-size: 13px; }
summary { cursor: pointer; color: var(--link); }
.numbers { margin-top: 6px; }
.numbers th, .numbers td { padding: 1px 12px 1px 0; text-align: right; font-weight: 400; border-bottom: 1px solid var(--edge); }
.numbers thead th { color: var(--soft); vertical-align: bottom; }
.segments { width: 100%; min-width: 560px; font-size: 13px; }
.segments th, .segments td { padding: 3px 0 3px 18px; text-align: right; font-weight: 400; border-bottom: 1px solid var(--grid); }
.segments td { white-space: nowrap; }
.segments thead th { color: var(--soft); vertical-align: bottom; width: 84px; }
.segments tbody th { padding-left: 0; text-align: left; white-space: nowrap; }
.calls { min-width: 640px; }
.plans tbody th { white-space: normal; overflow-wrap: anywhere; min-width: 84px; }
.plans .bar { min-width: 120px; }
.calls tbody th { position: sticky; left: 0; background: var(--page); }
.segments thead .left { width: auto; padding-left: 0; }
.segments thead .share { padding-left: 18px; }
.segments .share { width: 50%; text-align: left; color: var(--soft); }
.segments td.share { font-size: 11px; line-height: 13px; }
.bar { display: flex; align-items: center; gap: 5px; }
.bar i { flex: none; min-width: 1px; height: 10px; }
.chart { display: block; width: calc(100% - 106px); margin-left: 90px; overflow: visible; font: 11.5px system-ui, -apple-system,
  "Segoe UI", Roboto, "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; }
.chart svg { overflow: visible; }
.chart text { fill: var(--ink); }
.chart .soft { fill: var(--soft); }
.axis { stroke: var(--ink); }
.grid { stroke: var(--grid); }
.mid { text-anchor: middle; }
.end { text-anchor: end; }
.small { font-size: 10.5px; }
.strong { font-weight: 700; }
.retained, .promoters { fill: var(--most); background: var(--most); }
.new { fill: var(--new); background: var(--new); }
.resurrected { fill: var(--back); background: var(--back); }
.churned, .detractors { fill: var(--lost); background: var(--lost); }
.passives { fill: var(--mild); background: var(--mild); }
rect.resurrected, rect.passives, rect.contraction { stroke: var(--outline); stroke-width: .5; }
.band { fill: var(--band); background: var(--band); }
.contraction { fill: var(--less); background: var(--less); }
.gross { fill: var(--outline); background: var(--outline); }
.second { fill: none; stroke: var(--outline); stroke-width: 2.2; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.line { fill: none; stroke: var(--most); stroke-width: 2.2; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.mark { stroke: var(--lost); stroke-width: 1.4; stroke-dasharray: 5 4; }
.unfinished { opacity: .42; }
.dashes { stroke-dasharray: 7 6; }
.touch { fill: transparent; }
footer { margin-top: 44px; padding-top: 12px; border-top: 1px solid var(--edge); font-size: 13px; color: var(--soft); }
@media screen and (max-width: 1105px) { .w { display: none; } }
@media screen and (max-width: 899px) {
  .equation { display: grid; grid-template-columns: 20px 1fr; }
  .equation .tile { grid-column: 2; }
}
@media screen and (max-width: 699px) {
  .m { display: none; }
  main { padding: 20px 16px; }
  h1 { font-size: 25px; }
  .legend .ramp i { width: 10px; }
  .heat thead th[colspan] { text-align: left; white-space: normal; }
}
@page { size: A4 landscape; margin: 11mm 12mm; }
@media print {
  body { font-size: 13px; }
  main { max-width: none; padding: 0; }
  section { margin-top: 26px; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(118px, 1fr)); gap: 8px; }
  header + .tiles { margin-top: 14px; }
  .tile { padding: 6px 9px 8px; }
  .tile b { font-size: 20px; line-height: 28px; }
  .tile .long { font-size: 16px; }
  .tile .longer { font-size: 14px; }
  .tile .longest { font-size: 12px; }
  .heat { font-size: 11px; line-height: 17px; }
  .heat.tall { font-size: 10.5px; line-height: 14px; }
  .scroll { overflow: visible; }
  details { display: none; }
  footer { margin-top: 20px; }
}$css$;
-- Shades from 0 to 100, on white paper and on a dark screen, with the text black or
-- white: a contrast above 4.5.  Of one hue, steadily darker or lighter: for every eye.
WITH shades AS (
    SELECT is_dark, percent, format('.c%s { background: #%s; color: #%s; }', percent,
                  lpad(to_hex(r * 65536 + g * 256 + b), 6, '0'), CASE WHEN luminance > 0.179 THEN '000' ELSE 'fff' END) AS rule
    FROM (VALUES (false, ARRAY[244, 248, 252], ARRAY[86, 150, 205], ARRAY[12, 44, 84]),
                 (true, ARRAY[24, 34, 44], ARRAY[38, 98, 158], ARRAY[170, 215, 250])) AS ramp(is_dark, low, middle, high),
         generate_series(0, 100) AS percent,
         LATERAL (SELECT least(percent, 50) / 50.0 AS x, greatest(percent - 50, 0) / 50.0 AS y) AS share,
         LATERAL (SELECT round(low[1] + x * (middle[1] - low[1]) + y * (high[1] - middle[1]))::int AS r,
                         round(low[2] + x * (middle[2] - low[2]) + y * (high[2] - middle[2]))::int AS g,
                         round(low[3] + x * (middle[3] - low[3]) + y * (high[3] - middle[3]))::int AS b) AS colour,
         LATERAL (SELECT sum(weight * CASE WHEN level <= 0.04045 THEN level / 12.92 ELSE ((level + 0.055) / 1.055) ^ 2.4 END)
                         AS luminance
                  FROM (VALUES (0.2126, r / 255.0), (0.7152, g / 255.0), (0.0722, b / 255.0)) AS v(weight, level)) AS seen)
SELECT string_agg(rule, E'\n' ORDER BY percent) FILTER (WHERE NOT is_dark)
       || E'\n@media screen and (prefers-color-scheme: dark) {\n' || string_agg(rule, E'\n' ORDER BY percent) FILTER (WHERE is_dark) || E'\n}'
FROM shades;
\qecho '</style>'
\qecho '</head>'
\qecho '<body>'
\qecho '<main>'
SELECT format('<header><h1>%s</h1>', :'title_html')
       || CASE WHEN :'has_activity' OR :'has_mrr' OR :'has_events' OR :'has_points' THEN format('<p class="about">By %s, as of %s: all days before that are complete.</p>',
               CASE :'unit' WHEN 'period' THEN 'periods of ' || :'period_html' ELSE :'unit' END, :'as_of') ELSE '' END
       || '</header>';
SELECT :'has_orders' AND NOT :'has_activity' AS is_empty, NOT :'has_activity' AND :'why_no_mrr' <> '' AS has_no_contract,
       NOT :'has_activity' AND :'why_no_events' <> '' AS has_no_event,
       NOT :'has_activity' AND :'why_no_points' <> '' AS has_no_point,
       NOT :'has_orders' AND NOT :'has_subscriptions' AND NOT :'has_event_rows' AND NOT :'has_ledger' AND NOT :'has_nps' AS has_nothing \gset page_
\if :page_is_empty
SELECT format('<section><p>There is no %s in %s%s.</p></section>',
              CASE WHEN refunds > 0 THEN 'purchase, but ' || pg_temp.many(refunds, 'refund') || ',' ELSE 'row with a customer and a time' END,
              :'orders_html', CASE WHEN :'as_of' <> '' THEN ' before ' || :'as_of' ELSE '' END)
FROM report_rows;
\endif
\if :page_has_no_contract
SELECT format('<section><p>%s.</p></section>', upper(left(:'why_no_mrr', 1)) || substr(:'why_no_mrr', 2));
\endif
\if :page_has_no_event
SELECT format('<section><p>%s.</p></section>', upper(left(:'why_no_events', 1)) || substr(:'why_no_events', 2));
\endif
\if :page_has_no_point
SELECT format('<section><p>%s.</p></section>', upper(left(:'why_no_points', 1)) || substr(:'why_no_points', 2));
\endif
\if :page_has_nothing
\qecho '<section><p>There are neither orders nor contracts nor events nor points: name one of them.</p></section>'
\endif
