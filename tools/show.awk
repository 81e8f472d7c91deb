# Turns a file of SQL into a psql script that shows what it runs: comments become
# prose ("-- # ..." a headline), a statement is printed, indented, before its
# result.  A statement after the line "-- (not shown)" is only run, and the first
# line tells the reader of the file what it is.

# Not gsub for the backslash: awks differ in how many it takes to write one
function escape(text,  i, c, escaped) {
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        escaped = escaped (c == "\\" || c == "'" ? c c : c)
    }
    return escaped
}

function echo(text) {
    text = escape(text)
    # psql puts the value of :'variable' in, as it does in the statement
    while (match(text, /:''[a-z_]+''/))
        text = substr(text, 1, RSTART - 1) "':'" substr(text, RSTART + 3, RLENGTH - 5) "''" \
            substr(text, RSTART + RLENGTH)
    print "\\echo '" text "'"
}

function underline(text) {
    gsub(/./, "-", text)
    return text
}

function flush_statement(  i) {
    if (!hidden) {
        for (i = 1; i <= lines; i++)
            echo("    " statement[i])
        echo("")
    }
    for (i = 1; i <= lines; i++)
        print statement[i]
    lines = 0
    hidden = 0
}

NR == 1 {
    next
}

lines == 0 && /^$/ {
    echo("")
    next
}

lines == 0 && /^-- \(not shown\)/ {
    hidden = 1
    next
}

lines == 0 && /^-- # / {
    title = substr($0, 6)
    echo(title)
    echo(underline(title))
    next
}

lines == 0 && /^--/ {
    echo(substr($0, 4))
    next
}

{
    statement[++lines] = $0
}

/;$/ || /^\\[a-z]/ || / \\g[a-z]*$/ {
    flush_statement()
}
