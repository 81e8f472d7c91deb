/*-------------------------------------------------------------------------
 *
 * money.h
 *	  Amounts of money, and exact sums of them.
 *
 * A RetMoney is a whole number of units, and a scale that says what a unit is:
 *
 *		decimal		units / 10^scale		what a numeric holds
 *		binary		units / 65536^scale		what a double precision holds
 *
 * Both hold the value that was read, without loss except for decimals beyond
 * the 24th.  Sums are whole numbers, so neither the order of the rows nor the
 * plan shows in the result, or in any byte of the sum.  A sum has the largest
 * scale of its amounts.  All zeros is the empty sum, decimal or binary.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_MONEY_H
#define RETENTION_MONEY_H

#include "base/retention.h"

#ifndef HAVE_INT128
#error "retention needs a compiler with 128-bit integers"
#endif

/*
 * Most decimals of an amount; one with more is rounded.  A multiple of 4, as a
 * digit of numeric is 4 decimals.
 */
#define RET_MONEY_MAX_DECIMALS	24

/* Most decimals of an amount in a stored value */
#define RET_AMOUNT_MAX_SCALE	9

/*
 * Scales of binary amounts: 65536^-68 and 65536^60 reach the ends of double
 * precision
 */
#define RET_MONEY_MIN_BINARY	(-60)
#define RET_MONEY_MAX_BINARY	68

/*
 * Scale of all binary amounts from 2^-12 to 2^53, so that most rows have the
 * same
 */
#define RET_MONEY_USUAL_BINARY	4

/*
 * An amount as read, or a sum.  Three int64, whatever the machine's byte
 * order, so that an aggregate may keep it among its totals.
 */
typedef struct RetMoney
{
	int64		high;			/* high half of the units */
	int64		low;			/* low half of the units, without sign */
	int64		form;			/* 2 * scale, + 1 if binary */
} RetMoney;

/* An amount of a stored value; in two registers, where a function returns it */
typedef struct RetAmount
{
	int64		units;			/* the amount times 10^scale */
	int			scale;			/* its decimals */
} RetAmount;

#define RET_MONEY_FORM(scale, binary)	((int64) (scale) * 2 + (binary))

extern void ret_money_read_numeric(Datum numeric, RetMoney *money);
extern void ret_money_read_double_slow(double value, RetMoney *money);
extern void ret_money_read_double_decimal(double value, int scale, RetMoney *money);
extern void ret_money_add_slow(RetMoney *sum, const RetMoney *amount);
extern double ret_money_ratio(const RetMoney *money, int64 divisor);
extern bool ret_money_is_valid(const RetMoney *money);

/* amounts of at most RET_AMOUNT_MAX_SCALE decimals, as whole numbers of units */
extern RetAmount ret_amount_read_numeric(Datum numeric, int scale);
extern RetAmount ret_amount_read_double(double value, int scale);
pg_noreturn extern void ret_amount_too_large(void);
extern Datum ret_amount_numeric(int128 units, int scale);
extern Datum ret_amount_shown(int128 units, int scale, int shown_scale);
extern double ret_amount_ratio(int128 units, int scale, int64 divisor);
extern double ret_amount_quotient(int128 units, int128 whole);

/* Compute 10^n, 0 <= n <= RET_AMOUNT_MAX_SCALE */
static inline int64
ret_amount_factor(int n)
{
	int64		factor = 1;

	while (n-- > 0)
		factor *= 10;
	return factor;
}

/* Read an amount of a row, of either type, as units of 10^-scale, or of the scale that it needs if that is larger */
typedef RetAmount (*RetReadAmount) (Datum value, int scale);

static inline RetAmount
ret_read_numeric(Datum value, int scale)
{
	return ret_amount_read_numeric(value, scale);
}

static inline RetAmount
ret_read_double(Datum value, int scale)
{
	return ret_amount_read_double(DatumGetFloat8(value), scale);
}

static inline int128
ret_money_units(const RetMoney *money)
{
	return (int128) (((uint128) (uint64) money->high << 64) | (uint64) money->low);
}

static inline void
ret_money_set_units(RetMoney *money, int128 units)
{
	money->high = (int64) (units >> 64);
	money->low = (int64) (uint64) units;
}

static inline bool
ret_money_is_negative(const RetMoney *money)
{
	return money->high < 0;
}

static inline bool
ret_money_is_zero(const RetMoney *money)
{
	return (money->high | money->low) == 0;
}

static inline bool
ret_money_is_binary(const RetMoney *money)
{
	return (money->form & 1) != 0;
}

static inline int
ret_money_scale(const RetMoney *money)
{
	return (int) ((money->form - (money->form & 1)) / 2);
}

/*
 * Read a double precision, which is a mantissa of 53 bits times a power of 2.
 * 22003 if it is not finite.
 */
static inline void
ret_money_read_double(double value, RetMoney *money)
{
	uint64		bits;
	int			shift;

	memcpy(&bits, &value, sizeof(bits));
	/* 1075 is the stored exponent of a mantissa that is a whole number */
	shift = (int) ((bits >> 52) & 0x7FF) - 1075 + 16 * RET_MONEY_USUAL_BINARY;
	if (likely(shift >= 0 && shift <= 16 * RET_MONEY_USUAL_BINARY))
	{
		int64		mantissa = (int64) ((bits & UINT64CONST(0x000FFFFFFFFFFFFF)) |
										UINT64CONST(0x0010000000000000));

		if (bits >> 63)
			mantissa = -mantissa;
		ret_money_set_units(money, (int128) ((uint128) (int128) mantissa << shift));
		money->form = RET_MONEY_FORM(RET_MONEY_USUAL_BINARY, 1);
	}
	else
		ret_money_read_double_slow(value, money);
}

/*
 * Add an amount, or another sum, to a sum of the same kind.  22003 if a decimal
 * sum does not fit; a binary sum of more than 127 bits loses the lowest ones.
 */
static inline void
ret_money_add(RetMoney *sum, const RetMoney *amount)
{
	int128		total;

	if (likely(sum->form == amount->form &&
			   !__builtin_add_overflow(ret_money_units(sum), ret_money_units(amount), &total)))
		ret_money_set_units(sum, total);
	else
		ret_money_add_slow(sum, amount);
}

/* Convert a sum to a double, rounding once */
static inline double
ret_money_double(const RetMoney *money)
{
	return ret_money_ratio(money, 1);
}

#endif							/* RETENTION_MONEY_H */
