/*-------------------------------------------------------------------------
 *
 * money.c
 *	  Amounts of money, and exact sums of them.
 *
 * This file alone knows how a numeric lies on disk, except that customer_key.c
 * reads the first two bytes.  No header of the server describes it, but
 * pg_upgrade keeps it, and it has been the same since 9.1.  A test compares
 * what is read here with what numeric_out writes.  After the varlena header (of one
 * byte or of four, so nothing is aligned):
 *
 *		uint16		11iiiiii iiiiiiii: NaN or an infinity;
 *					10sdddddd wwwwwwww (short): s sign, d 6 bits of decimals to
 *					show, w 7 bits of weight, in two's complement;
 *					0sdddddd dddddddd (long): s sign, d decimals to show
 *		int16		the weight, if it is long
 *		int16[]		digits in base 10,000; digit i counts 10,000^(weight - i)
 *
 * Printing a numeric and reading that as a double, which is what the server's
 * cast does, takes 30 times as long.
 *
 * Limits.  Decimal: 127 bits of units, which is 10^36 with two decimals and
 * 10^14 with 24, the most there may be.  A larger sum is an error, as any
 * rounding of it would depend on the order of the rows.  An amount with more
 * decimals, such as a quotient times another, is rounded to 24 by itself, but
 * not to 0, so that its sign stays.  As long as amounts of one sign are added,
 * whether a sum fails does not depend on the order either.  Binary: doubles
 * from 2^-1074 to 2^1024 do not fit in 127 bits together.  Sums keep the high
 * bits, at least 110.  So they are exact for amounts of 0.0003 and more while
 * they are below 2^62, and otherwise at least as precise as a sum that is kept
 * in two doubles.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "store/money.h"

#define NUMERIC_BASE		10000
#define NUMERIC_BASE_DIGITS	4

#define INT128_LIMIT		((int128) (~(uint128) 0 >> 1))

/* A numeric, taken apart */
typedef struct NumericParts
{
	const char *digits;			/* int16 each, not aligned */
	int			ndigits;		/* number of digits */
	int			weight;			/* exponent of the first digit, in base 10,000 */
	bool		negative;		/* less than 0 */
} NumericParts;

/* A natural number of up to 192 bits, low word first */
typedef struct Wide
{
	uint64		word[3];
} Wide;

static const int64 powers_of_10[] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
	INT64CONST(10000000000), INT64CONST(100000000000), INT64CONST(1000000000000),
	INT64CONST(10000000000000), INT64CONST(100000000000000),
	INT64CONST(1000000000000000), INT64CONST(10000000000000000),
	INT64CONST(100000000000000000), INT64CONST(1000000000000000000)
};

/* Powers of 10 that a double holds exactly */
static const double exact_powers[] = {
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
	1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

#define MAX_EXACT_POWER		22
#define EXACT_DOUBLE		(INT64CONST(1) << 53)	/* whole numbers below it are exact doubles */
#define DECIMAL_DIGITS		15	/* digits of a decimal that survive in a double */

/* Compute 10^n for 0 <= n <= 38, the last one that fits */
static int128
power_of_10(int n)
{
	int128		power = 1;

	for (; n > 18; n -= 18)
		power *= powers_of_10[18];
	return power * powers_of_10[n];
}

pg_noreturn static void not_finite(void);
pg_noreturn static void out_of_range(void);
pg_noreturn static void reject_decimals(void);

static void
not_finite(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("an amount must be a finite number"),
			 errhint("Pass NULL for an amount that is not known.")));
}

static void
out_of_range(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("amounts are too large, or have too many decimals, to be added exactly"),
			 errdetail("The units of a sum are limited to 38 digits, decimals included."),
			 errhint("Round the amounts, as in round(amount, 2), or cast them to double precision.")));
}

/*-------------------------------------------------------------------------
 * Reading numeric
 *-------------------------------------------------------------------------
 */

static inline int
numeric_digit(const NumericParts *parts, int i)
{
	int16		digit;

	memcpy(&digit, parts->digits + i * sizeof(digit), sizeof(digit));
	return digit;
}

/* Take apart a numeric that is neither compressed nor external */
static inline void
numeric_parts(const struct varlena *numeric, NumericParts *parts)
{
	const char *data = VARDATA_ANY(numeric);
	int			size = (int) VARSIZE_ANY_EXHDR(numeric);
	uint16		header;

	memcpy(&header, data, sizeof(header));
	if ((header & 0xC000) == 0xC000)
		not_finite();
	if (header & 0x8000)
	{
		parts->negative = (header & 0x2000) != 0;
		parts->weight = (header & 0x003F) - (header & 0x0040);
		parts->digits = data + 2;
		parts->ndigits = (size - 2) / 2;
	}
	else
	{
		int16		weight;

		memcpy(&weight, data + 2, sizeof(weight));
		parts->negative = (header & 0x4000) != 0;
		parts->weight = weight;
		parts->digits = data + 4;
		parts->ndigits = (size - 4) / 2;
	}
}

/* Count the decimal zeros at the end of a digit in base 10,000 that is not 0 */
static inline int
trailing_zeros(int digit)
{
	if (digit % 10 != 0)
		return 0;
	if (digit % 100 != 0)
		return 1;
	return digit % 1000 != 0 ? 2 : 3;
}

/* Compute units * factor + more, all of them >= 0; 22003 if it does not fit */
static inline int128
multiply_add(int128 units, int128 factor, int more)
{
	if (units > (INT128_LIMIT - more) / factor)
		out_of_range();
	return units * factor + more;
}

/*
 * Get the units of a numeric with too many decimals: those of the digits up to
 * the 24th decimal, rounded half up, and at least 1.
 */
static int128
units_rounded(const NumericParts *parts)
{
	int			n = parts->weight + 1 + RET_MONEY_MAX_DECIMALS / NUMERIC_BASE_DIGITS;
	int128		units = 0;

	for (int i = 0; i < n; i++)
		units = multiply_add(units, NUMERIC_BASE, numeric_digit(parts, i));
	if (n >= 0 && numeric_digit(parts, n) >= NUMERIC_BASE / 2)
		units = multiply_add(units, 1, 1);
	return Max(units, 1);
}

/* Get the units of any numeric that is not 0, and set *scale */
static int128
units_slow(const NumericParts *parts, int *scale)
{
	int			n = parts->ndigits;
	int			exponent = (parts->weight - (n - 1)) * NUMERIC_BASE_DIGITS;
	int			last = numeric_digit(parts, n - 1);
	int			zeros = exponent < 0 ? trailing_zeros(last) : 0;
	int128		units = 0;

	*scale = exponent < 0 ? -exponent - zeros : 0;
	if (*scale > RET_MONEY_MAX_DECIMALS)
	{
		*scale = RET_MONEY_MAX_DECIMALS;
		return units_rounded(parts);
	}
	if (exponent > 38)
		out_of_range();
	for (int i = 0; i < n - 1; i++)
		units = multiply_add(units, NUMERIC_BASE, numeric_digit(parts, i));
	units = multiply_add(units, powers_of_10[NUMERIC_BASE_DIGITS - zeros],
						 last / (int) powers_of_10[zeros]);
	return exponent > 0 ? multiply_add(units, power_of_10(exponent), 0) : units;
}

/*
 * Read a numeric, at the smallest scale at which it is whole.  22003 for NaN,
 * for infinity, and for what is too large.
 */
void
ret_money_read_numeric(Datum numeric, RetMoney *money)
{
	const struct varlena *value = (const struct varlena *) DatumGetPointer(numeric);
	NumericParts parts;
	int128		units;
	int			scale = 0;

	if (unlikely(VARATT_IS_COMPRESSED(value) || VARATT_IS_EXTERNAL(value)))
		value = PG_DETOAST_DATUM_PACKED(numeric);
	numeric_parts(value, &parts);
	/* zeros at the end, which make_result() never leaves, would cost decimals */
	while (unlikely(parts.ndigits > 0 && numeric_digit(&parts, parts.ndigits - 1) == 0))
		parts.ndigits--;

	if (parts.ndigits == 0)
		units = 0;
	else if (likely(parts.ndigits <= 4 && parts.weight <= 3 &&
					parts.weight - (parts.ndigits - 1) >= -RET_MONEY_MAX_DECIMALS / NUMERIC_BASE_DIGITS))
	{
		int64		few = 0;
		int			last = numeric_digit(&parts, parts.ndigits - 1);
		int			exponent = (parts.weight - (parts.ndigits - 1)) * NUMERIC_BASE_DIGITS;

		/* at most 16 digits, with the zeros of an exponent too, as weight <= 3 */
		for (int i = 0; i < parts.ndigits; i++)
			few = few * NUMERIC_BASE + numeric_digit(&parts, i);
		if (exponent >= 0)
			few *= powers_of_10[exponent];
		else
		{
			int			zeros = trailing_zeros(last);

			scale = -exponent - zeros;
			if (zeros == 2)
				few /= 100;
			else if (zeros != 0)
				few /= powers_of_10[zeros];
		}
		units = few;
	}
	else
		units = units_slow(&parts, &scale);
	ret_money_set_units(money, parts.negative ? -units : units);
	money->form = RET_MONEY_FORM(scale, 0);
}

/*-------------------------------------------------------------------------
 * Reading double precision
 *-------------------------------------------------------------------------
 */

/* Read a double that is 0 or not of the usual size; 22003 if it is not finite */
void
ret_money_read_double_slow(double value, RetMoney *money)
{
	int			exponent;
	int			scale;
	int64		mantissa;

	if (!isfinite(value))
		not_finite();
	if (value == 0)
	{
		ret_money_set_units(money, 0);
		money->form = RET_MONEY_FORM(RET_MONEY_USUAL_BINARY, 1);
		return;
	}
	mantissa = (int64) ldexp(frexp(value, &exponent), 53);
	exponent -= 53;
	while (mantissa % 2 == 0)
	{
		mantissa /= 2;
		exponent++;
	}
	/* the smallest scale at which value * 65536^scale is whole */
	scale = exponent < 0 ? (-exponent + 15) / 16 : -(exponent / 16);
	if (scale < RET_MONEY_USUAL_BINARY && exponent + 16 * RET_MONEY_USUAL_BINARY <= 64)
		scale = RET_MONEY_USUAL_BINARY;
	ret_money_set_units(money, (int128) mantissa * ((int128) 1 << (exponent + 16 * scale)));
	money->form = RET_MONEY_FORM(scale, 1);
}

/* Round a number far from the limits of int64, without calling rint() */
static inline int64
round_half_away(double value)
{
	return (int64) (value + (value < 0 ? -0.5 : 0.5));
}

/*
 * Read a double as the nearest decimal of at most DECIMAL_DIGITS digits, which
 * is what extra_float_digits = 0 shows: 0.1 + 0.2 is 0.3.  A double below
 * 10^15 that was made from such a decimal gives that very decimal.  Of a
 * larger one the whole part is read.  Tries `scale` as the number of decimals
 * first, and otherwise finds the smallest number.  22003 if the double is not
 * finite, or too large.
 */
void
ret_money_read_double_decimal(double value, int scale, RetMoney *money)
{
	double		size = fabs(value);
	int64		units;

	if (likely(scale <= MAX_EXACT_POWER && size * exact_powers[scale] < exact_powers[DECIMAL_DIGITS]))
	{
		units = round_half_away(value * exact_powers[scale]);
		if (likely((double) units / exact_powers[scale] == value))
		{
			ret_money_set_units(money, units);
			money->form = RET_MONEY_FORM(scale, 0);
			return;
		}
	}
	if (!isfinite(value))
		not_finite();
	if (size >= 1e38)
		out_of_range();
	scale = 0;
	if (size < exact_powers[DECIMAL_DIGITS])
	{
		/* as many decimals as make DECIMAL_DIGITS digits, less zeros at the end */
		int			exponent;

		/* begin close to that: size < 2^exponent, and log10(2) is 1233 / 4096 */
		(void) frexp(size, &exponent);
		scale = DECIMAL_DIGITS - 1 - (exponent * 1233 >> 12);
		scale = Max(Min(scale, MAX_EXACT_POWER), 0);
		while (scale < MAX_EXACT_POWER && size * exact_powers[scale + 1] < exact_powers[DECIMAL_DIGITS])
			scale++;
		units = round_half_away(value * exact_powers[scale]);
		for (; scale > 0 && units % 10 == 0; scale--)
			units /= 10;
		ret_money_set_units(money, units);
	}
	else
		ret_money_set_units(money, (int128) value);
	money->form = RET_MONEY_FORM(scale, 0);
}

/*-------------------------------------------------------------------------
 * Sums
 *-------------------------------------------------------------------------
 */

/* Count the bits of |units| */
static int
bit_length(int128 units)
{
	uint128		rest = units < 0 ? -(uint128) units : (uint128) units;
	int			n = 0;

	for (; rest != 0; rest >>= 1)
		n++;
	return n;
}

/*
 * Convert units to a decimal scale that is larger by `by`; 22003 if they do
 * not fit
 */
static int128
decimal_rescale(int128 units, int by)
{
	int128		power = power_of_10(by);

	if (by <= 18 && units == (int64) units)
		return units * power;
	if (units > INT128_LIMIT / power || units < -(INT128_LIMIT / power))
		out_of_range();
	return units * power;
}

/*
 * Convert units to a binary scale that is larger by `by`, or smaller if `by`
 * is negative; lost bits round towards 0.
 */
static int128
binary_rescale(int128 units, int by)
{
	if (units == 0 || by <= -8)
		return 0;
	if (by >= 0)
		return (int128) ((uint128) units << (16 * by));
	return units / ((int128) 1 << (-16 * by));
}

/*
 * Find the largest scale, up to `scale`, at which units of scale `from` leave
 * two bits free
 */
static int
binary_fit(int128 units, int from, int scale)
{
	int			bits = bit_length(units);

	if (bits == 0)
		return scale;
	while (scale > RET_MONEY_MIN_BINARY - 8 && bits + 16 * (scale - from) > 125)
		scale--;
	return scale;
}

/* Add where ret_money_add() cannot: the scales differ, or the sum is too large */
void
ret_money_add_slow(RetMoney *sum, const RetMoney *amount)
{
	int			from = ret_money_scale(sum);
	int			by = ret_money_scale(amount);
	int			scale = Max(from, by);
	int128		a = ret_money_units(sum);
	int128		b = ret_money_units(amount);

	if (ret_money_is_zero(amount) && amount->form == 0)
		return;
	if (ret_money_is_zero(sum) && sum->form == 0)
	{
		*sum = *amount;
		return;
	}
	if (ret_money_is_binary(sum) != ret_money_is_binary(amount))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a sum of numeric and a sum of double precision cannot be combined"),
				 errhint("Combine only what the same aggregate has made.")));
	if (ret_money_is_binary(sum))
	{
		scale = binary_fit(a, from, binary_fit(b, by, scale));
		/* only a sum that was read from outside can be too large */
		if (__builtin_add_overflow(binary_rescale(a, scale - from),
								   binary_rescale(b, scale - by), &a))
			out_of_range();
	}
	else if (__builtin_add_overflow(decimal_rescale(a, scale - from),
									decimal_rescale(b, scale - by), &a) ||
			 a == -INT128_LIMIT - 1)
		out_of_range();
	ret_money_set_units(sum, a);
	sum->form = RET_MONEY_FORM(scale, ret_money_is_binary(sum));
}

/* Check whether a sum that was read from outside has a possible form */
bool
ret_money_is_valid(const RetMoney *money)
{
	int			scale;

	if (money->form < 2 * (RET_MONEY_MIN_BINARY - 8) || money->form > 2 * RET_MONEY_MAX_BINARY + 1)
		return false;
	scale = ret_money_scale(money);
	return ret_money_is_binary(money) || (scale >= 0 && scale <= RET_MONEY_MAX_DECIMALS);
}

/*-------------------------------------------------------------------------
 * Rounding, once
 *-------------------------------------------------------------------------
 */

static void
wide_multiply(Wide *a, uint64 factor)
{
	uint128		carry = 0;

	for (int i = 0; i < 3; i++)
	{
		carry += (uint128) a->word[i] * factor;
		a->word[i] = (uint64) carry;
		carry >>= 64;
	}
}

static void
wide_double(Wide *a)
{
	a->word[2] = a->word[2] << 1 | a->word[1] >> 63;
	a->word[1] = a->word[1] << 1 | a->word[0] >> 63;
	a->word[0] <<= 1;
}

/* If a >= b, subtract b from a and return true */
static bool
wide_take(Wide *a, const Wide *b)
{
	Wide		rest;
	uint64		borrow = 0;

	for (int i = 0; i < 3; i++)
	{
		uint64		word = a->word[i] - b->word[i];
		uint64		below = a->word[i] < b->word[i];

		rest.word[i] = word - borrow;
		borrow = below | (word < borrow);
	}
	if (borrow)
		return false;
	*a = rest;
	return true;
}

static int
wide_bits(const Wide *a)
{
	for (int i = 191; i >= 0; i--)
		if (a->word[i / 64] >> (i % 64) & 1)
			return i + 1;
	return 0;
}

/*
 * Compute a / b * 2^exponent, correctly rounded, for a > 0 and b > 0 of up to
 * 160 bits: 57 bits of the quotient, and a last bit that tells whether more
 * would follow.
 */
static double
wide_quotient(Wide a, Wide b, int exponent)
{
	uint64		quotient = 0;
	int			shift = wide_bits(&b) - wide_bits(&a);

	exponent -= shift + 56;
	for (; shift > 0; shift--)
		wide_double(&a);
	for (; shift < 0; shift++)
		wide_double(&b);
	for (int i = 0; i < 57; i++)
	{
		quotient = quotient << 1 | wide_take(&a, &b);
		wide_double(&a);
	}
	quotient = quotient << 1 | ((a.word[0] | a.word[1] | a.word[2]) != 0);
	return ldexp((double) (int64) quotient, exponent - 1);
}

/*
 * Divide a sum by a number > 0, correctly rounded; 22003 if the result is too
 * large for a double.  As 10^s = 5^s 2^s, the divisor grows by powers of 5
 * only, and the powers of 2 go to the exponent.
 */
double
ret_money_ratio(const RetMoney *money, int64 divisor)
{
	int128		units = ret_money_units(money);
	uint128		size = units < 0 ? -(uint128) units : (uint128) units;
	int			scale = ret_money_scale(money);
	bool		binary = ret_money_is_binary(money);
	Wide		a = {{(uint64) size, (uint64) (size >> 64), 0}};
	Wide		b = {{(uint64) divisor, 0, 0}};
	double		result;

	Assert(divisor > 0);
	if (units == 0)
		return 0;
	/* both are whole numbers in a double, so only the division rounds */
	if (!binary && scale <= 15 && size >> 53 == 0 &&
		divisor <= (INT64CONST(1) << 53) / powers_of_10[scale])
		return (double) (int64) units / (double) (divisor * powers_of_10[scale]);

	for (int i = 0; !binary && i < scale; i++)
		wide_multiply(&b, 5);
	result = wide_quotient(a, b, binary ? -16 * scale : -scale);
	if (isinf(result))
		float_overflow_error();
	return units < 0 ? -result : result;
}

/*-------------------------------------------------------------------------
 * Amounts of stored values
 *-------------------------------------------------------------------------
 */

/* Report that an amount, or a sum of amounts, needs more than 64 bits */
void
ret_amount_too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("amounts are too large for their number of decimals"),
			 errdetail("An amount, and the sum of a customer's amounts on a day, is limited to 18 digits, with as many decimals as any amount of the value needs."),
			 errhint("Round the amounts, as in round(amount, 2).")));
}

static void
reject_decimals(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("an amount must not have more than %d decimals", RET_AMOUNT_MAX_SCALE),
			 errhint("Round the amounts, as in round(amount, 2).")));
}

/* Convert an amount to units of 10^-scale, or of as many decimals as it needs */
static RetAmount
money_amount(const RetMoney *money, int scale)
{
	int			needed = ret_money_scale(money);
	int128		units = ret_money_units(money);
	RetAmount	amount = {.scale = Max(scale, needed)};

	/* what is refunded is kept without its sign, for which the lowest number has no room */
	if (unlikely(units != (int64) units ||
				 pg_mul_s64_overflow((int64) units, powers_of_10[amount.scale - needed], &amount.units) ||
				 amount.units == PG_INT64_MIN))
		ret_amount_too_large();
	return amount;
}

/* Read any numeric, as ret_amount_read_numeric() does */
static pg_noinline RetAmount
read_numeric_slow(Datum numeric, int scale)
{
	RetMoney	money;

	ret_money_read_numeric(numeric, &money);
	if (unlikely(ret_money_scale(&money) > RET_AMOUNT_MAX_SCALE))
		reject_decimals();
	return money_amount(&money, scale);
}

/*
 * Read a numeric as units of 10^-scale.  A scale that is not enough becomes
 * the one that the amount needs.  22003 if it is not finite, has too many
 * decimals, or is too large.
 *
 * Nearly all that are read from a table have a header of two bytes, and one
 * byte in front of it, up to four digits, and none beyond four decimals; they
 * are read here.
 */
RetAmount
ret_amount_read_numeric(Datum numeric, int scale)
{
	const char *value = DatumGetPointer(numeric);
	const char *digits = VARDATA_SHORT(value) + sizeof(uint16);
	/* what is external has a size of 0 here, and so too many digits */
	uint32		n = (VARSIZE_SHORT(value) - 3) / sizeof(uint16);
	uint32		decimals;
	uint64		units = 0;
	uint16		header;

	memcpy(&header, VARDATA_SHORT(value), sizeof(header));
	decimals = (n - 1 - (header & 0x003F) + (header & 0x0040)) * NUMERIC_BASE_DIGITS;
	if (unlikely(!VARATT_IS_SHORT(value) || n - 1 > 3 || (header & 0xC000) != 0x8000 ||
				 decimals > NUMERIC_BASE_DIGITS))
		return read_numeric_slow(numeric, scale);
	for (uint32 i = 0; i < n; i++)
	{
		uint16		digit;

		memcpy(&digit, digits + i * sizeof(digit), sizeof(digit));
		units = units * NUMERIC_BASE + digit;
	}
	if (decimals == NUMERIC_BASE_DIGITS && scale == 2 && units % 100 == 0)
		units /= 100;
	else if (decimals <= (uint32) scale && scale <= 6 && n <= 3)
		units *= powers_of_10[scale - decimals];
	else
		return read_numeric_slow(numeric, scale);
	return (RetAmount) {.units = header & 0x2000 ? -(int64) units : (int64) units, .scale = scale};
}

/*
 * Read a double in the same way, as the decimal with the fewest decimals of
 * which it is the nearest double; if there is none with DECIMAL_DIGITS digits,
 * rounded to that many digits, and to RET_AMOUNT_MAX_SCALE decimals at most
 */
RetAmount
ret_amount_read_double(double value, int scale)
{
	double		size = fabs(value);
	int			decimals = scale;
	RetAmount	amount = {.scale = scale};

	if (likely(size * exact_powers[decimals] < exact_powers[DECIMAL_DIGITS]))
	{
		amount.units = round_half_away(value * exact_powers[decimals]);
		if (likely((double) amount.units / exact_powers[decimals] == value))
			return amount;
	}
	if (isnan(value) || isinf(value))
		not_finite();
	if (size >= exact_powers[DECIMAL_DIGITS])
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a double precision amount must be less than 10^%d", DECIMAL_DIGITS),
				 errdetail("Larger ones are not exact."),
				 errhint("Cast the amounts to numeric.")));
	for (decimals = 0;; decimals++)
	{
		bool		last = decimals == RET_AMOUNT_MAX_SCALE ||
			size * exact_powers[decimals + 1] >= exact_powers[DECIMAL_DIGITS];

		amount.units = round_half_away(value * exact_powers[decimals]);
		if (last || (double) amount.units / exact_powers[decimals] == value)
			break;
	}
	for (; decimals > 0 && amount.units % 10 == 0; decimals--)
		amount.units /= 10;
	amount.scale = Max(scale, decimals);
	if (pg_mul_s64_overflow(amount.units, powers_of_10[amount.scale - decimals], &amount.units))
		ret_amount_too_large();
	return amount;
}

/* Make a numeric of a sum of units, with scale decimals */
Datum
ret_amount_numeric(int128 units, int scale)
{
	const int64 half = powers_of_10[18];
	Numeric		low = int64_div_fast_to_numeric((int64) (units % half), scale);
	int128		rest = units / half;

	if (rest == 0)
		return NumericGetDatum(low);

	/* |rest| is below 2^127 / 10^18, and so takes two steps at most */
	return DirectFunctionCall2(numeric_add, NumericGetDatum(low),
							   DirectFunctionCall2(numeric_mul, ret_amount_numeric(rest, scale),
												   NumericGetDatum(int64_to_numeric(half))));
}

/* Make a numeric with fewer decimals of a sum of units that does not need more */
Datum
ret_amount_shown(int128 units, int scale, int shown_scale)
{
	return ret_amount_numeric(units / powers_of_10[scale - shown_scale], shown_scale);
}

/* Divide a sum of units by a count, rounding once */
double
ret_amount_ratio(int128 units, int scale, int64 divisor)
{
	RetMoney	money;

	/* both are exact doubles, so the division is the only rounding */
	if (likely(units < EXACT_DOUBLE && units > -EXACT_DOUBLE && divisor < EXACT_DOUBLE / powers_of_10[scale]))
		return (double) (int64) units / (double) (powers_of_10[scale] * divisor);
	ret_money_set_units(&money, units);
	money.form = RET_MONEY_FORM(scale, 0);
	return ret_money_ratio(&money, divisor);
}

/* Divide a sum of units by another one, which is greater than 0, rounding once */
double
ret_amount_quotient(int128 units, int128 whole)
{
	uint128		size = units < 0 ? -(uint128) units : (uint128) units;
	Wide		a = {{(uint64) size, (uint64) (size >> 64), 0}};
	Wide		b = {{(uint64) whole, (uint64) (whole >> 64), 0}};
	double		result;

	Assert(whole > 0);
	/* both are exact doubles, so the division is the only rounding */
	if (likely(size < EXACT_DOUBLE && whole < EXACT_DOUBLE))
		return (double) (int64) units / (double) (int64) whole;
	if (units == 0)
		return 0;
	result = wide_quotient(a, b, 0);
	return units < 0 ? -result : result;
}
