/*-------------------------------------------------------------------------
 *
 * varlena.c
 *	  Types that are plain bytes: their order, their text form, and reading
 *	  their binary form.
 *
 * The text form is \x and the binary form in hexadecimal digits.  Both are
 * read by one function of the type, which trusts nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "base/varlena.h"

/*
 * Compare two values byte by byte; an arbitrary but total order, for sorting
 * and grouping
 */
int
ret_compare_bytes(const struct varlena *a, const struct varlena *b)
{
	Size		size_a = VARSIZE_ANY_EXHDR(a);
	Size		size_b = VARSIZE_ANY_EXHDR(b);
	int			result = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(size_a, size_b));

	return result != 0 ? result : (size_a > size_b) - (size_a < size_b);
}

/*
 * Read the text form in argument 0 of an input function, which is hexadecimal
 * digits.  Returns the bytes, or NULL after a soft error.
 */
struct varlena *
ret_hex_input(FunctionCallInfo fcinfo, const char *type)
{
	const char *text = PG_GETARG_CSTRING(0);
	size_t		ndigits = strlen(text);

	ndigits = ndigits < 2 ? 0 : ndigits - 2;
	if (strncmp(text, "\\x", 2) != 0 || ndigits % 2 != 0 ||
		strspn(text + 2, "0123456789abcdefABCDEF") != ndigits)
		ereturn(fcinfo->context, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s", type),
				 errdetail("The text form is \\x and pairs of hexadecimal digits.")));
	return (struct varlena *) DatumGetPointer(DirectFunctionCall1(byteain, CStringGetDatum(text)));
}

/* Write bytes as the text form that ret_hex_input() reads */
char *
ret_hex_output(const char *bytes, Size size, const char *type)
{
	char	   *result;

	if (size > (MaxAllocSize - 3) / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s is too large for its text form", type),
				 errdetail("It has %zu bytes, the limit is %zu.",
						   size, (Size) (MaxAllocSize - 3) / 2),
				 errhint("Use COPY (FORMAT binary).")));
	result = palloc(2 * size + 3);
	result[0] = '\\';
	result[1] = 'x';
	result[2 + hex_encode(bytes, size, result + 2)] = '\0';
	return result;
}

/* Read the text form in argument 0 of an input function */
Datum
ret_parse_input(FunctionCallInfo fcinfo, const char *type, RetParse parse, const void *arg)
{
	struct varlena *bytes = ret_hex_input(fcinfo, type);
	struct varlena *value;
	StringInfoData buf;
	const char *why;

	if (bytes == NULL)
		PG_RETURN_NULL();
	initReadOnlyStringInfo(&buf, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ);
	value = parse(&buf, arg, &why);
	if (value == NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid %s", type),
				 errdetail("The value cannot be read: %s.", why)));
	PG_RETURN_POINTER(value);
}

/* Read the binary form in argument 0 of a receive function */
Datum
ret_parse_receive(FunctionCallInfo fcinfo, const char *type, RetParse parse, const void *arg)
{
	const char *why;
	struct varlena *value = parse((StringInfo) PG_GETARG_POINTER(0), arg, &why);

	if (value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid %s", type),
				 errdetail("The value cannot be read: %s.", why)));
	PG_RETURN_POINTER(value);
}

/* Return the text form of the bytes that a send function has made */
Datum
ret_bytes_output(bytea *bytes, const char *type)
{
	PG_RETURN_CSTRING(ret_hex_output(VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ, type));
}
