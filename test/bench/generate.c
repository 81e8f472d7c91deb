/*-------------------------------------------------------------------------
 *
 * generate.c
 *	  The benchmark's data, the same at every run, in COPY's binary format.
 *
 *	generate orders N	customer_id bigint, ordered_at timestamptz,
 *						amount double precision, order_id bigint
 *	generate scores N	score integer, answered_at timestamptz
 *	generate chosen N	n bigint, id bigint
 *	generate book N		customer_id bigint, started date, ended date,
 *						amount numeric, price double precision, cents integer
 *
 * Orders: N / 10 customers, numbered as they arrive, arriving ever faster
 * over the 24 months from 2023-01-01 UTC.  The first order is at the arrival;
 * how many follow is lognormal (sigma 2, so nearly half the customers never
 * come back and a few come thousands of times), scaled to give N rows; they
 * are spread over an exponential lifetime of a year in the mean, cut at the
 * end of the data.  Scores: 0 to 10 with weights of a usual survey.  Both in
 * time order.  Chosen: ids whose hashes, in the extension, are 0, 1, 2 ..., so
 * that a table which takes the high bits of the hash would put all of them at
 * its beginning.  Book: contracts, in the order of their starts, of two in five
 * as many customers, who arrive like those of orders.  A contract is of one of
 * eight plans and lasts half a year in the mean, at least a week.  After it, half
 * of the customers go on the same day with another plan, a sixth pause for up to
 * three months, a sixth have taken something besides, whose days overlap; the rest
 * leave.  One in ten is for a year to come.  Others that are not over at the end of
 * the data have no end.
 *
 *-------------------------------------------------------------------------
 */
#include <endian.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY		86400000000.0	/* in microseconds, as all times here */
#define START	(8401 * DAY)	/* 2023-01-01, counted from 2000-01-01 */
#define LENGTH	(731 * DAY)		/* to 2025-01-01 */

typedef struct Order
{
	int64_t		at;
	int32_t		customer;
	int32_t		cents;
} Order;

typedef struct Contract
{
	int32_t		customer;
	int32_t		started;		/* days since 2000-01-01 */
	int32_t		ended;			/* 0: it runs */
	int32_t		cents;
} Contract;

static uint64_t seed = 20230101;

/* splitmix64 */
static uint64_t
next(void)
{
	uint64_t	z = (seed += 0x9E3779B97F4A7C15u);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

/* uniform, never 0 and never 1 */
static double
uniform(void)
{
	return ((next() >> 11) + 0.5) / 9007199254740992.0;
}

static double
normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

static void *
allocate(size_t n, size_t size)
{
	void	   *p = calloc(n, size);

	if (p == NULL)
	{
		fprintf(stderr, "generate: out of memory\n");
		exit(1);
	}
	return p;
}

static void
put(const void *p, size_t size)
{
	if (fwrite(p, size, 1, stdout) != 1)
	{
		perror("generate: cannot write");
		exit(1);
	}
}

static void
put16(int16_t value)
{
	uint16_t	be = htobe16((uint16_t) value);

	put(&be, sizeof(be));
}

static void
put32(int32_t value)
{
	uint32_t	be = htobe32((uint32_t) value);

	put(&be, sizeof(be));
}

/* a field of 8 bytes, with its length before it */
static void
put_field64(int64_t value)
{
	uint64_t	be = htobe64((uint64_t) value);

	put32(8);
	put(&be, sizeof(be));
}

static void
put_field_double(double value)
{
	int64_t		bits;

	memcpy(&bits, &value, sizeof(bits));
	put_field64(bits);
}

/* 2 decimals, as numeric_send does: digits of base 10000 */
static void
put_field_numeric(int32_t cents)
{
	put32(12);
	put16(2);
	put16(0);
	put16(0);
	put16(2);
	put16((int16_t) (cents / 100));
	put16((int16_t) (cents % 100 * 100));
}

static int
order_cmp(const void *a, const void *b)
{
	const Order *x = a;
	const Order *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->customer > y->customer) - (x->customer < y->customer);
}

static int
double_cmp(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/* Number of orders if customer i follows up with floor(scale * weight[i]) */
static int64_t
total(const double *weight, int64_t n, double scale)
{
	int64_t		sum = n;

	for (int64_t i = 0; i < n; i++)
		sum += (int64_t) (scale * weight[i]);
	return sum;
}

/* The orders of one customer; returns the place after the last one */
static Order *
put_customer(Order *o, int32_t customer, double arrival, int64_t norders)
{
	double		lifetime = -365 * DAY * log(uniform());
	double		basket = 1500 + 6000 * uniform();

	if (arrival + lifetime > START + LENGTH)
		lifetime = START + LENGTH - arrival;
	for (int64_t i = 0; i < norders; i++, o++)
	{
		o->at = (int64_t) (i == 0 ? arrival : arrival + lifetime * uniform());
		o->customer = customer;
		o->cents = 1 + (int32_t) (basket * exp(0.5 * normal()));
	}
	return o;
}

static void
generate_orders(int64_t n)
{
	int64_t		ncustomers = n / 10 > 0 ? n / 10 : 1;
	double	   *arrival = allocate(ncustomers, sizeof(double));
	double	   *weight = allocate(ncustomers, sizeof(double));
	Order	   *orders = allocate(n, sizeof(Order));
	Order	   *end = orders;
	double		low = 0;
	double		high = 1e6;
	int64_t		missing;

	for (int64_t i = 0; i < ncustomers; i++)
	{
		/* density rising from 1 to 2 */
		arrival[i] = START + LENGTH * (sqrt(1 + 3 * uniform()) - 1);
		weight[i] = exp(2 * normal());
	}
	qsort(arrival, ncustomers, sizeof(double), double_cmp);
	for (int i = 0; i < 60; i++)
	{
		double		middle = (low + high) / 2;

		if (total(weight, ncustomers, middle) <= n)
			low = middle;
		else
			high = middle;
	}
	missing = n - total(weight, ncustomers, low);
	for (int64_t i = 0; i < ncustomers; i++)
		end = put_customer(end, (int32_t) i + 1, arrival[i],
						   1 + (int64_t) (low * weight[i]) + (i < missing));
	n = end - orders;
	qsort(orders, n, sizeof(Order), order_cmp);
	for (int64_t i = 0; i < n; i++)
	{
		put16(4);
		put_field64(orders[i].customer);
		put_field64(orders[i].at);
		put_field_double(orders[i].cents / 100.0);
		put_field64(i + 1);
	}
}

static void
generate_scores(int64_t n)
{
	static const int weight[11] = {3, 1, 1, 2, 3, 6, 7, 14, 22, 18, 23};
	double		step = LENGTH / n;

	for (int64_t i = 0; i < n; i++)
	{
		int			draw = (int) (100 * uniform());
		int			score = 0;

		while (draw >= weight[score])
			draw -= weight[score++];
		put16(2);
		put32(4);
		put32(score);
		put_field64((int64_t) (START + (i + uniform()) * step));
	}
}

/* Undo the steps of ret_customer_hash() */
static void
generate_chosen(int64_t n)
{
	for (int64_t i = 0; i < n; i++)
	{
		uint64_t	h = (uint64_t) i * 0x96DE1B173F119089u;

		h ^= h >> 29 ^ h >> 58;
		h *= 0xF1DE83E19937733Du;
		put16(2);
		put_field64(i);
		put_field64((int64_t) (h ^ h >> 32));
	}
}

static int
contract_cmp(const void *a, const void *b)
{
	const Contract *x = a;
	const Contract *y = b;

	if (x->started != y->started)
		return x->started < y->started ? -1 : 1;
	return (x->customer > y->customer) - (x->customer < y->customer);
}

/* One contract of a customer from a day on; returns the day after it */
static int32_t
put_contract(Contract *contract, int32_t customer, int32_t started)
{
	static const int32_t prices[8] = {900, 1990, 2900, 4900, 7999, 9900, 19900, 49900};
	int			yearly = uniform() < 0.1;
	int32_t		ended = started + (yearly ? 365 : 7 + (int32_t) (-183 * log(uniform())));

	contract->customer = customer;
	contract->started = started;
	contract->cents = prices[next() % 8];
	contract->ended = yearly || ended < (START + LENGTH) / DAY ? ended : 0;
	return ended;
}

static void
generate_book(int64_t n)
{
	int32_t		end = (START + LENGTH) / DAY;
	Contract   *contracts = allocate(n, sizeof(Contract));
	int32_t		customer = 0;
	int64_t		i = 0;

	while (i < n)
	{
		int32_t		day = START / DAY + (int32_t) (LENGTH / DAY * (sqrt(1 + 3 * uniform()) - 1));
		double		choice = 0;

		for (customer++; i < n && day < end && choice < 5.0 / 6; i++)
		{
			int32_t		started = day;

			day = put_contract(&contracts[i], customer, started);
			choice = uniform();
			if (choice >= 1.0 / 2 && choice < 2.0 / 3)
				day += 1 + (int32_t) (90 * uniform());
			else if (choice >= 2.0 / 3)
				day = started + (int32_t) ((day - started) * uniform());
		}
	}
	qsort(contracts, n, sizeof(Contract), contract_cmp);
	for (i = 0; i < n; i++)
	{
		put16(6);
		put_field64(contracts[i].customer);
		put32(4);
		put32(contracts[i].started);
		put32(contracts[i].ended ? 4 : -1);
		if (contracts[i].ended)
			put32(contracts[i].ended);
		put_field_numeric(contracts[i].cents);
		put_field_double(contracts[i].cents / 100.0);
		put32(4);
		put32(contracts[i].cents);
	}
}

int
main(int argc, char **argv)
{
	static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
	static const struct
	{
		const char *name;
		void		(*generate) (int64_t n);
	}			kinds[] = {{"orders", generate_orders}, {"scores", generate_scores}, {"chosen", generate_chosen}, {"book", generate_book}};
	int64_t		n = argc == 3 ? atoll(argv[2]) : 0;
	int			kind = 0;

	while (argc == 3 && kind < 4 && strcmp(argv[1], kinds[kind].name) != 0)
		kind++;
	if (n <= 0 || kind == 4)
	{
		fprintf(stderr, "usage: generate orders|scores|chosen|book ROWS\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	put(header, sizeof(header) - 1);
	kinds[kind].generate(n);
	put16(-1);
	if (fflush(stdout) != 0)
	{
		perror("generate: cannot write");
		return 1;
	}
	return 0;
}
