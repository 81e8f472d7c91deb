# Reads the header line of a CSV file and finds the columns of customer, time and
# amount: by their usual names, or as wanted="name,name,name" says.
#
# Prints the delimiter, the positions of the three, and then all column names,
# one a line, unique; or "!" and what is wrong.

# Splits a line of CSV into field[1..n], returns n
function split_csv(line, field,  n, c, quoted, text, i) {
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        if (quoted && c == "\"" && substr(line, i + 1, 1) == "\"") {
            text = text c
            i++
        } else if (c == "\"")
            quoted = !quoted
        else if (c == delimiter && !quoted) {
            field[++n] = trim(text)
            text = ""
        } else
            text = text c
    }
    field[++n] = trim(text)
    return n
}

function trim(text) {
    gsub(/^[ \t]+|[ \t]+$/, "", text)
    return text
}

# Comma, semicolon or tab, whichever is there most outside quotes
function guess_delimiter(line,  best, most, i, n) {
    gsub(/"[^"]*"/, "", line)
    best = ","
    most = 0
    for (i = 1; i <= 3; i++) {
        n = gsub(substr(",;\t", i, 1), "", line)
        if (n > most) {
            most = n
            best = substr(",;\t", i, 1)
        }
    }
    return best
}

# "Customer ID", customer_id and CustomerID are the same name
function plain(text) {
    text = tolower(text)
    gsub(/[ \t_.-]+/, "", text)
    return text
}

function find(text,  i) {
    for (i = 1; i <= columns; i++)
        if (plain(name[i]) == plain(text))
            return i
    return 0
}

function find_usual(list,  n, i, usual, at) {
    n = split(list, usual, " ")
    for (i = 1; i <= n; i++)
        if ((at = find(usual[i])) > 0)
            return at
    return 0
}

function header_names(  i, text) {
    for (i = 1; i <= columns; i++)
        text = text (i > 1 ? ", " : "") "\"" name[i] "\""
    return text
}

function fail(text) {
    print "!" text
    exit
}

BEGIN {
    usual["customer"] = "customer customer_id customer_no customer_number customer_key cust_id customer_email " \
        "client client_id user user_id buyer buyer_id shopper_id account account_id member_id contact_id email"
    usual["time"] = "time at date datetime timestamp ts ordered_at order_at created_at purchased_at paid_at " \
        "placed_at occurred_at order_date purchase_date invoice_date transaction_date order_time order_datetime " \
        "order_timestamp order_purchase_timestamp purchase_time transaction_time event_time event_date created day"
    usual["amount"] = "amount total revenue price value sales order_total total_price total_amount order_amount " \
        "order_value purchase_amount purchase_value transaction_amount payment_value net_amount gross_amount " \
        "net_total grand_total subtotal spend spent turnover"
    split("customer time amount", part, " ")
}

{
    sub(/^\357\273\277/, "")
    if ($0 ~ /^[ \t]*$/)
        fail("the first line is empty; it must name the columns")

    delimiter = ","
    if (wanted != "" && split_csv(wanted, given) != 3)
        fail("COLUMNS must be three names, of the customer, the time and the amount: COLUMNS=customer,time,amount")
    delimiter = guess_delimiter($0)
    columns = split_csv($0, name)
    for (i = 1; i <= columns; i++)
        if (name[i] == "")
            name[i] = "column " i

    for (i = 1; i <= 3; i++) {
        if (wanted != "") {
            position[i] = find(given[i])
            if (position[i] == 0)
                lacking = lacking (lacking == "" ? "" : ", ") given[i]
        } else {
            position[i] = find_usual(usual[part[i]])
            if (position[i] == 0)
                lacking = lacking (lacking == "" ? "" : ", ") part[i]
        }
    }
    if (lacking != "" && wanted != "")
        fail("there is no column " lacking "; the header has: " header_names())
    if (lacking != "")
        fail("no column is recognised as " lacking "; the header has: " header_names() \
            ". Name the three with COLUMNS=customer,time,amount")

    print (delimiter == "\t" ? "tab" : delimiter)
    for (i = 1; i <= 3; i++)
        print position[i]
    seen["row number"] = 1      # the staging table's own
    for (i = 1; i <= columns; i++) {
        text = substr(name[i], 1, 50)
        if (text in seen)
            text = text " " i
        seen[text] = 1
        print text
    }
    exit
}

END {
    if (NR == 0)
        print "!the file is empty"
}
