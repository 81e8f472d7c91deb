-- What the sections write again and again: numbers as text, tiles, parts of a chart.
-- Functions of pg_temp are gone with the transaction.

-- Text for the page: < becomes &lt; and so on
CREATE FUNCTION pg_temp.html(t text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT replace(replace(replace(replace(regexp_replace(t, '[\x01-\x1f]', ' ', 'g'),
                   '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;') $$;

-- 12,345
CREATE FUNCTION pg_temp.n(v double precision) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(round(v::numeric), 'FM999,999,999,999,999,990') $$;

-- 1 day, 2 days
CREATE FUNCTION pg_temp.many(v double precision, noun text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT pg_temp.n(v) || ' ' || noun || CASE WHEN round(v::numeric) = 1 THEN '' ELSE 's' END $$;

-- 33.3%
CREATE FUNCTION pg_temp.percent(rate double precision, digits int DEFAULT 1) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT as_percent(rate, digits) || '%' $$;

-- 95%: 31.4 to 35.2
CREATE FUNCTION pg_temp.ci(lower double precision, upper double precision) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('95%%: %s to %s', as_percent(lower), as_percent(upper)) $$;

-- +30.9, of a score or a difference
CREATE FUNCTION pg_temp.signed(v double precision, digits int DEFAULT 1) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(round(v::numeric, digits), CASE digits WHEN 0 THEN 'FMSG999,990' ELSE 'FMSG999,990.0' END) $$;

-- €0.0042, €129.26, €12,926, €12.9M: never more than a tile holds
CREATE FUNCTION pg_temp.money(currency text, v double precision) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN v <= -1e-9 THEN '-' ELSE '' END || currency
           || CASE WHEN abs(v) BETWEEN 1e-9 AND 0.095 THEN round(abs(v)::numeric, 1 - floor(log(abs(v)))::int)::text
                   WHEN abs(v) < 1e4 THEN to_char(abs(v)::numeric, 'FM99,990.00')
                   WHEN abs(v) < 1e7 THEN pg_temp.n(abs(v))
                   WHEN abs(v) < 1e10 THEN to_char((abs(v) / 1e6)::numeric, 'FM99,990.0') || 'M'
                   WHEN abs(v) < 1e13 THEN to_char((abs(v) / 1e9)::numeric, 'FM99,990.0') || 'bn'
                   WHEN abs(v) < 1e16 THEN to_char((abs(v) / 1e12)::numeric, 'FM99,990.0') || 'tn'
                   ELSE btrim(to_char(abs(v)::numeric, '9.9EEEE')) END $$;

-- (95%: €120 to €130), or nothing where an interval is not known
CREATE FUNCTION pg_temp.money_ci(currency text, lower double precision, upper double precision) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN lower IS NULL THEN '' ELSE format(' (95%%: %s to %s)', pg_temp.money(currency, lower), pg_temp.money(currency, upper)) END $$;

-- 1, 2 or 5 times a power of ten, not below v: from one line of a chart to the next
CREATE FUNCTION pg_temp.tick(v double precision) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN f <= 1 THEN 1 WHEN f <= 2 THEN 2 WHEN f <= 5 THEN 5 ELSE 10 END * power
    FROM (SELECT power(10::numeric, floor(log(v::numeric)) + 0) AS power) AS p, LATERAL (SELECT v::numeric / power AS f) AS fraction $$;

-- Amounts of one chart or table share a unit, 1, 1000 and so on, and the number of
-- decimals with which the largest of them has three digits
CREATE FUNCTION pg_temp.unit(top double precision, whole double precision) RETURNS double precision LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN top < whole THEN 1 ELSE power(1000::numeric, floor(log(top::numeric) / 3))::float8 END $$;
CREATE FUNCTION pg_temp.decimals(top double precision, unit double precision) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN top <= 0 THEN 0 WHEN top < unit THEN least(9, 1 - floor(log(top / unit))) ELSE greatest(0, 2 - floor(log(top / unit))) END::int $$;

-- €41.2, -€3, €12k, €1.25M
CREATE FUNCTION pg_temp.brief(currency text, v double precision, unit double precision, decimals int) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN r < 0 THEN '-' ELSE '' END || currency
           || to_char(abs(r), 'FM999,999,999,999,999,990' || CASE WHEN decimals > 0 THEN '.' || repeat('0', decimals) ELSE '' END)
           || CASE CASE WHEN r <> 0 THEN unit ELSE 1 END WHEN 1 THEN '' WHEN 1e3 THEN 'k' WHEN 1e6 THEN 'M' WHEN 1e9 THEN 'bn' WHEN 1e12 THEN 'tn'
                        ELSE 'e+' || round(log(unit)) END
    FROM round((v / unit)::numeric, decimals) AS r $$;

-- A name, a large number, a note; with a sign before it in an equation.  Long numbers
-- are written smaller, and what stands in <em> is their unit.
CREATE FUNCTION pg_temp.tile(name text, value text, note text, sign text DEFAULT NULL) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce('<i>' || sign || '</i>', '')
           || format('<div class="tile"><span>%s</span><b%s>%s</b><small>%s</small></div>', name,
                     CASE WHEN length > 12 THEN ' class="longest"' WHEN length > 9 THEN ' class="longer"' WHEN length > 7 THEN ' class="long"' END, value, note)
    FROM length(regexp_replace(value, ' <em>.*</em>|(&)[^;]+;', '\1', 'g')) AS length $$;

-- The first characters of a name, and three dots if there are more: as many as fit where
-- so many narrow ones do; capitals are wider, and Chinese characters are the widest
CREATE FUNCTION pg_temp.brief_name(name text, narrow int) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT pg_temp.html(CASE WHEN bool_and(upto <= narrow) THEN name
                             ELSE string_agg(c, '' ORDER BY i) FILTER (WHERE upto < narrow) || '...' END)
    FROM (SELECT c, i, sum(CASE WHEN octet_length(c) > 2 THEN 2 WHEN c ~ '[mwMW@%]' THEN 1.6 WHEN c ~ '[A-Z]' THEN 1.25 ELSE 1 END) OVER (ORDER BY i) AS upto
          FROM regexp_split_to_table(name, '') WITH ORDINALITY AS s(c, i)) AS widths $$;

-- 45 s, 6 min 46 s, 21 h 16 min, 3.4 days; of dates 1 day, 1.5 days
CREATE FUNCTION pg_temp.duration(seconds double precision, is_of_days boolean) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN is_of_days AND seconds = 0 THEN 'same day'
                WHEN is_of_days OR minutes >= 2880 THEN trim_scale(days) || CASE days WHEN 1 THEN ' day' ELSE ' days' END
                WHEN minutes >= 60 THEN div(minutes, 60) || ' h' || coalesce(' ' || nullif(minutes % 60, 0) || ' min', '')
                WHEN whole >= 600 THEN minutes || ' min'
                WHEN whole >= 60 THEN div(whole, 60) || ' min' || coalesce(' ' || nullif(whole % 60, 0) || ' s', '')
                WHEN whole >= 1 THEN whole || ' s'
                WHEN seconds > 0 THEN 'under 1 s'
                WHEN seconds = 0 THEN 'at once' END
    FROM (SELECT round(seconds::numeric) AS whole, round(seconds::numeric / 60) AS minutes,
                 round(seconds::numeric / 86400, CASE WHEN seconds < 8640000 THEN 1 ELSE 0 END) AS days) AS r $$;

-- The colour of a share in a table of cohorts, and as a percentage; few are not nobody
CREATE FUNCTION pg_temp.shade(rate double precision, top double precision, is_all boolean) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN is_all THEN 'all' ELSE 'c' || least(100, round(100 * rate / top)) END $$;
CREATE FUNCTION pg_temp.share(retained bigint, customers bigint, digits int) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN rounded = 0 AND retained > 0 THEN '&lt;' || (0.1 ^ digits)::real ELSE rounded::text END
    FROM round(100 * retained::numeric / customers, digits) AS rounded $$;

-- Charts are as wide as the page and do not scale: x is in percent of the width, y in
-- pixels.  What percent cannot say (polygons) stands in an inner svg that is stretched.
CREATE FUNCTION pg_temp.chart(id text, height int, title text, description text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('<svg class="chart" height="%s" role="img" aria-labelledby="%s-title %2$s-text"><title id="%2$s-title">%s</title>'
                  '<desc id="%2$s-text">%4$s</desc>', height, id, title, description) $$;

CREATE FUNCTION pg_temp.gridline(y numeric, label text, is_axis boolean) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('<line class="%s" x1="0" x2="100%%" y1="%s" y2="%2$s"/><text class="soft end" x="-12" y="%s">%s</text>',
                  CASE WHEN is_axis THEN 'axis' ELSE 'grid' END, round(y, 1), round(y, 1) + 4, label) $$;

-- The name of a row of labels below a chart
CREATE FUNCTION pg_temp.row_name(y int, name text, class text DEFAULT 'soft') RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('<text class="%s end" x="-30" y="%s">%s</text>', class, y, name) $$;

-- One of them, its class telling on which screens; nothing where one of both is NULL
CREATE FUNCTION pg_temp.label(x numeric, y int, t text, class text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce('<text class="mid' || class || format('" x="%s%%" y="%s">', round(x, 2), y) || t || '</text>', '') $$;

-- Of n labels so many pixels wide, where may the i-th (from 0) be shown?  '' everywhere,
-- ' m' on screens not narrow, ' w' on wide ones; NULL nowhere.  Every 2nd, 4th, 8th ...
CREATE FUNCTION pg_temp.thin(i double precision, n double precision, pixels double precision) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT min(class) FILTER (WHERE i::bigint % power(2, ceil(log(2, greatest(pixels * n / width, 1)::numeric)))::bigint = 0)
    FROM (VALUES ('', 220), (' m', 500), (' w', 920)) AS v(class, width) $$;
