SOURCE_DIR := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))

EXTENSION  = retention
MODULE_big = retention
PGFILEDESC = "retention - customer retention analytics"

STEMS = module aggregate money calendar customer_key customer tally_io tally mathfn likelihood stats survey rate purchase activity_io activity_events activity_rows activity_days activity_parts activity_sent activity cohort lifecycle window purchase_days rfm purchase_fit purchase_model survival logrank contract

OBJS    = $(STEMS:%=src/%.o)
DATA    = sql/retention--1.0.sql
REGRESS = setup customer stats survey rate purchase activity activity_parts cohort lifecycle window rfm purchase_model survival catalog

TAP_TESTS = 1

# These goals install what is missing first, so they must work without a server
TOOL_GOALS = demo test bench

# A build outside the source tree: make -f ../retention/Makefile
ifndef VPATH
ifneq ($(realpath $(CURDIR)),$(realpath $(SOURCE_DIR)))
VPATH := $(SOURCE_DIR)
endif
endif

ifdef VPATH
REGRESS_PREP = vpath-expected
EXTRA_CLEAN  = expected
endif

PG_CONFIG ?= pg_config
export PG_CONFIG

ifneq (,$(filter-out $(TOOL_GOALS),$(or $(MAKECMDGOALS),all)))

HOW_TO_INSTALL = install them (Debian, Ubuntu: apt-get install gcc libc6-dev postgresql-server-dev-all; Fedora, RHEL: dnf install gcc redhat-rpm-config postgresql-server-devel; macOS: xcode-select --install and brew install postgresql@17) or name another server with make PG_CONFIG=/path/to/pg_config

PG_VERSION := $(shell $(PG_CONFIG) --version 2>/dev/null)
ifeq (,$(PG_VERSION))
$(error PostgreSQL's development files are missing, $(PG_CONFIG) cannot be run: $(HOW_TO_INSTALL))
endif

PG_MAJOR := $(shell echo '$(PG_VERSION)' | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
ifneq (ok,$(shell [ "$(PG_MAJOR)" -ge 15 ] && echo ok))
$(error retention needs PostgreSQL 15 or newer and $(PG_CONFIG) belongs to $(PG_VERSION): name a newer server with make PG_CONFIG=/path/to/pg_config)
endif

PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq (,$(wildcard $(PGXS)))
$(error the development files of $(PG_VERSION) are missing, there is no $(PGXS): $(HOW_TO_INSTALL))
endif

# The server may have been built with a clang that is not on this machine
CLANG_WANTED := $(shell sed -n 's/^CLANG *= *//p' $(dir $(PGXS))../Makefile.global)
ifeq (,$(shell command -v $(firstword $(CLANG_WANTED) clang)))
override with_llvm = no
endif

include $(PGXS)

ifeq (,$(shell command -v $(firstword $(CC))))
$(error the C compiler $(firstword $(CC)) is missing: $(HOW_TO_INSTALL))
endif

SHLIB_LINK += -lm

# Tests are read from test/, their expected output from expected/
REGRESS_OPTS += --inputdir=$(srcdir)/test
PROVE_TESTS  ?= test/t/*.pl

ifneq (,$(filter all install,$(or $(MAKECMDGOALS),all)))
$(info retention for $(PG_VERSION), as $(PG_CONFIG) has it)
endif

# PGXS does not track headers
$(OBJS): $(wildcard $(srcdir)/src/*.h)

ifdef VPATH
$(OBJS) $(OBJS:.o=.bc): | vpath-src
.PHONY: vpath-src vpath-expected
vpath-src:
	$(MKDIR_P) src
vpath-expected:
	ln -sfn $(abspath $(srcdir))/expected expected
endif

endif

# ORDERS, COLUMNS, KEEP, NO_INSTALL and SKIP_SETUP reach the tools through the
# environment.  Shells use COLUMNS too, for the terminal's width.
comma := ,
ifneq (,$(findstring $(comma),$(COLUMNS))$(filter command line,$(origin COLUMNS)))
export ORDER_COLUMNS := $(COLUMNS)
endif

.PHONY: $(TOOL_GOALS)
demo:
	@'$(SOURCE_DIR)/tools/demo'

test:
	@'$(SOURCE_DIR)/tools/test'

bench:
	@'$(SOURCE_DIR)/tools/setup' bench
	@CLUSTER_CONF='shared_buffers = 2GB' \
		'$(SOURCE_DIR)/tools/with-cluster' '$(SOURCE_DIR)/test/bench/run'
