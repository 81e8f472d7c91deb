SOURCE_DIR := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))

EXTENSION  = retention
MODULE_big = retention
PGFILEDESC = "retention - customer retention analytics"

# The code by floors, from the ground up.  A file includes only what stands before
# it here, which test/t/031_layers.pl checks.
BASE    = base/compat base/retention base/module base/aggregate base/windowfn base/result base/varlena \
          base/ordering base/calendar base/zone base/span base/args base/periods
MATH    = math/mathfn math/maximum math/purchase_math math/pareto math/forecast math/sbg
STORE   = store/money store/counters store/customer_key store/customer_map store/customer_sorted \
          store/customer_fold store/customer_state store/customer_io \
          store/tally store/tally_io store/cells store/event_sort store/event_names store/event_set store/event_scan
HISTORY = history/varint history/reader history/rows history/events history/dayset history/cellset history/columns \
          history/bytes history/merge history/sent history/parts history/small history/forms history/state history/value \
          history/engine history/type
FAMILY  = family/stats family/spend family/survey family/rate family/repeat family/clv family/ratio family/activity family/purchases family/revenue family/revenue_cells \
          family/concentration family/states family/worth family/subscriptions family/mrr family/mrr_retention \
          family/activity_rate family/cohort family/bracket family/recurring family/cell_customers family/active_days \
          family/lifecycle family/spell family/active_customers \
          family/purchase_days family/rfm family/rfm_score family/purchase_model family/purchase_moments \
          family/purchase_fit family/tracking \
          family/survival family/gaps family/logrank family/contract family/stays \
          family/event_bytes family/events family/funnel family/loyalty
STEMS   = $(BASE) $(MATH) $(STORE) $(HISTORY) $(FAMILY)

# These have no .c file: templates, and what all files share
HEADER_ONLY = base/compat base/retention base/ordering store/customer_fold store/event_sort $(HISTORY)

OBJS    = $(patsubst %,src/%.o,$(filter-out $(HEADER_ONLY),$(STEMS)))
DATA    = $(addprefix sql/,$(notdir $(wildcard $(SOURCE_DIR)/sql/retention--*.sql)))
# One of them: make installcheck REGRESS="setup survey"
REGRESS = --schedule=$(SOURCE_DIR)/test/schedule

TAP_TESTS = 1

# These goals install what is missing first, so they must work without a server
TOOL_GOALS = demo test test-drivers test-cluster check-hard bench fresh deb dist majors

# These compile nothing
READY_GOALS = $(TOOL_GOALS) installcheck check uninstall clean distclean maintainer-clean

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

# The very command on Debian and Ubuntu, which the tools know
INSTALL_COMMAND = $(strip $(shell PG_CONFIG='$(PG_CONFIG)' bash '$(SOURCE_DIR)/tools/setup' command 2>/dev/null))
HOW_TO_INSTALL = $(if $(INSTALL_COMMAND),install what is missing with "$(INSTALL_COMMAND)",install them), or name another server with make PG_CONFIG=/path/to/pg_config

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

ifneq (,$(filter-out $(READY_GOALS),$(or $(MAKECMDGOALS),all)))
SERVER_HEADERS := $(shell $(PG_CONFIG) --includedir-server)
ifeq (,$(wildcard $(SERVER_HEADERS)/postgres.h))
$(error the server headers of $(PG_VERSION) are missing, there is no $(SERVER_HEADERS)/postgres.h: $(HOW_TO_INSTALL))
endif
endif

# The library names its sources, by which tools/setup recognizes it
PG_CPPFLAGS += -DRETENTION_SOURCE_ID='"$(or $(shell '$(SOURCE_DIR)/tools/source-id' 2>/dev/null),unknown sources)"'

# The server may have been built with a clang that is not on this machine
CLANG_WANTED := $(shell sed -n 's/^CLANG *= *//p' $(dir $(PGXS))../Makefile.global)
ifeq (,$(shell command -v $(firstword $(CLANG_WANTED) clang)))
override with_llvm = no
endif

# Files are included as "folder/name.h"
PG_CPPFLAGS += -I$(SOURCE_DIR)/src

include $(PGXS)

ifneq (,$(filter-out $(READY_GOALS),$(or $(MAKECMDGOALS),all)))
ifeq (,$(shell command -v $(firstword $(CC))))
$(error the C compiler $(firstword $(CC)) is missing: $(HOW_TO_INSTALL))
endif
ifeq (,$(shell echo '\#include <stdlib.h>' | $(CC) -E - 2>/dev/null | head -n 1))
$(error the headers of the C library are missing: $(HOW_TO_INSTALL))
endif
endif

# Before anything is built: of a directory that is not there, its parent counts
ifneq (,$(filter install,$(MAKECMDGOALS)))
LOCKED := $(shell for d in '$(DESTDIR)$(pkglibdir)' '$(DESTDIR)$(datadir)/extension'; do \
	there=$$d; while [ ! -e "$$there" ]; do there=$$(dirname "$$there"); done; \
	[ -w "$$there" ] || { echo "$$d"; break; }; done)
ifneq (,$(LOCKED))
$(error $(LOCKED) is not writable: run make, then sudo make install; without sudo, have an administrator run PG_CONFIG='$(shell command -v $(PG_CONFIG))' '$(SOURCE_DIR)/tools/setup')
endif
endif

SHLIB_LINK += -lm

# Tests are read from test/, their expected output from expected/
REGRESS_OPTS += --inputdir=$(srcdir)/test
ifeq (,$(PROVE_TESTS))
PROVE_TESTS = test/t/*.pl
endif

ifneq (,$(filter all install,$(or $(MAKECMDGOALS),all)))
$(info retention for $(PG_VERSION), as $(PG_CONFIG) has it)
endif

# PGXS does not track headers
$(OBJS): $(wildcard $(srcdir)/src/*/*.h)

# It has what stands for all sources
src/base/module.o: $(wildcard $(srcdir)/src/*/*.c) $(SOURCE_DIR)/Makefile

ifdef VPATH
# Objects of an earlier make in the tree would be found, but not linked
IN_TREE = $(patsubst $(SOURCE_DIR)/%,%,$(wildcard $(addprefix $(SOURCE_DIR)/,$(OBJS) $(OBJS:.o=.bc))))
$(filter-out $(wildcard $(OBJS) $(OBJS:.o=.bc)),$(IN_TREE)): vpath-again

$(OBJS) $(OBJS:.o=.bc): | vpath-src
.PHONY: vpath-src vpath-expected vpath-again
vpath-src:
	$(MKDIR_P) $(sort $(dir $(OBJS)))
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

# So do SUITES, STATES, COMMANDS, FRESH_DIR and OUT, and TESTS, PROVE_TESTS and RESULTS
.PHONY: $(TOOL_GOALS)
demo:
	@'$(SOURCE_DIR)/tools/demo'

test:
	@'$(SOURCE_DIR)/tools/test'

test-drivers:
	@'$(SOURCE_DIR)/test/drivers/run'
	@'$(SOURCE_DIR)/test/charts/run'

test-cluster:
	@'$(SOURCE_DIR)/test/cluster/run'

check-hard:
	@'$(SOURCE_DIR)/test/hard/run'

fresh deb dist majors:
	@'$(SOURCE_DIR)/tools/$@'

bench:
	@'$(SOURCE_DIR)/tools/setup' bench
	@CLUSTER_CONF='shared_buffers = 2GB' \
		'$(SOURCE_DIR)/tools/with-cluster' '$(SOURCE_DIR)/test/bench/run'
